//! What must hold of funnels whatever the data.

use casebook::metrics::funnel::{Excluded, Funnel, Order, Step};

use super::*;

/// A funnel as the property tests vary it.
#[derive(Debug, Clone)]
struct Rules {
    window: i64,
    order: Order,
    within: Option<i64>,
    optional: bool,
    exclude: bool,
    excluded: Excluded,
    increasing: bool,
}

fn rules() -> impl Strategy<Value = Rules> {
    let order = prop::sample::select(vec![Order::Sequential, Order::Strict, Order::Any]);
    (1..40_i64, order, prop::option::of(0..20_i64), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(window, order, within, optional, exclude, increasing)| Rules {
            excluded: Excluded::Stops,
            window,
            order,
            within: within.filter(|_| order != Order::Any),
            optional: optional && order == Order::Sequential,
            exclude,
            increasing: increasing && order != Order::Any,
        })
}

fn funnel(rules: &Rules) -> Funnel {
    let mut middle = Step::event("b");
    if rules.optional {
        middle = middle.optional();
    }
    let mut last = Step::event("c");
    if let Some(hours) = rules.within {
        last = last.within(TimeDelta::hours(hours));
    }
    let mut funnel = Funnel::new([Step::event("a"), middle, last])
        .window(TimeDelta::hours(rules.window))
        .order(rules.order);
    if rules.exclude {
        funnel = funnel.exclude(col("event").eq(lit("x")), 1, 3).excluded(rules.excluded);
    }
    if rules.increasing {
        funnel = funnel.increasing();
    }
    funnel
}

/// The furthest step, by trying every chain of events: nothing clever, and far too slow for real data.
fn furthest(mine: &[(i64, &str)], rules: &Rules) -> usize {
    let step_of = |name: &str| ["a", "b", "c"].iter().position(|step| *step == name);
    let mut ordered: Vec<(i64, usize)> =
        mine.iter().map(|(at, name)| (*at, step_of(name).unwrap_or(9))).collect();
    ordered.sort_unstable();
    let excluded = |from: usize, to: usize| {
        rules.exclude && ordered[from + 1..to].iter().any(|event| event.1 == 9)
    };
    if rules.order == Order::Any {
        let mut best = 0;
        for from in 0..ordered.len() {
            for to in from..ordered.len() {
                if ordered[to].0 - ordered[from].0 > rules.window
                    || (from < to && excluded(from, to))
                {
                    continue;
                }
                let kinds: BTreeSet<usize> =
                    ordered[from..=to].iter().map(|e| e.1).filter(|s| *s < 9).collect();
                best = best.max(kinds.len());
            }
        }
        return best;
    }
    fn extend(
        ordered: &[(i64, usize)],
        chain: &[usize],
        rules: &Rules,
        excluded: &dyn Fn(usize, usize) -> bool,
    ) -> usize {
        let last = chain[chain.len() - 1];
        let (start, step) = (ordered[chain[0]].0, ordered[last].1);
        let mut best = step + 1;
        for next in last + 1..ordered.len() {
            let (at, to) = ordered[next];
            let follows = to == step + 1 || (rules.optional && step == 0 && to == 2);
            if !follows
                || at - start > rules.window
                || (to == 2 && rules.within.is_some_and(|within| at - ordered[last].0 > within))
                || (rules.increasing && at == ordered[last].0)
                || (rules.order == Order::Strict && next != last + 1)
                || excluded(last, next)
            {
                continue;
            }
            let longer: Vec<usize> = chain.iter().copied().chain([next]).collect();
            best = best.max(extend(ordered, &longer, rules, excluded));
        }
        best
    }
    (0..ordered.len())
        .filter(|at| ordered[*at].1 == 0)
        .map(|at| extend(&ordered, &[at], rules, &excluded))
        .max()
        .unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_funnel_finds_what_trying_everything_finds(events in events(), rules in rules()) {
        let steps = funnel(&rules).conversion(&frame(&events)).unwrap();
        let mut by_user: BTreeMap<i64, Vec<(i64, &str)>> = BTreeMap::new();
        for (user, at, name) in &events {
            by_user.entry(*user).or_default().push((*at, name));
        }
        let depths: Vec<usize> = by_user.values().map(|mine| furthest(mine, &rules)).collect();
        let found = counts(&steps, "users");
        for step in [1, 3] {
            let expected = depths.iter().filter(|depth| **depth >= step).count() as i64;
            prop_assert_eq!(found[step - 1], Some(expected), "step {} of {:?}", step, depths);
        }
        if !rules.optional {
            let expected = depths.iter().filter(|depth| **depth >= 2).count() as i64;
            prop_assert_eq!(found[1], Some(expected));
        }
    }

    /// Steps that one event may take, and events of one moment: every chain of different events is tried.
    #[test]
    fn overlapping_steps_find_what_trying_everything_finds(
        events in prop::collection::vec((0..3_i64, 0..6_i64, prop::sample::select(vec!["a", "b", "c"])), 0..14),
        steps in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "bc", "abc"]), 2..5),
        window in 0..6_i64,
        optional in any::<bool>(),
    ) {
        let optional = optional && steps.len() > 2;
        let fits = |step: &str, name: &str| step.contains(name);
        let made = steps.iter().enumerate().map(|(place, letters)| {
            let one = |letter: char| col("event").eq(lit(letter.to_string()));
            let step = Step::new(letters, letters.chars().map(one).reduce(Expr::or).unwrap());
            if optional && place == 1 { step.optional() } else { step }
        });
        let found = Funnel::new(made).window(TimeDelta::hours(window)).conversion(&frame(&events)).unwrap();
        let mut reached = vec![0_i64; steps.len()];
        for user in 0..3 {
            let mine: Vec<(i64, &str)> =
                events.iter().filter(|event| event.0 == user).map(|event| (event.1, event.2)).collect();
            // Used events and the step last taken; the furthest step there is.
            let mut stack: Vec<(Vec<usize>, usize)> =
                (0..mine.len()).filter(|at| fits(steps[0], mine[*at].1)).map(|at| (vec![at], 0)).collect();
            let mut best = None;
            while let Some((chain, step)) = stack.pop() {
                best = best.max(Some(step));
                for next in 0..mine.len() {
                    let (start, last) = (mine[chain[0]].0, mine[chain[chain.len() - 1]].0);
                    if chain.contains(&next) || mine[next].0 < last || mine[next].0 - start > window {
                        continue;
                    }
                    let reach = if optional && step == 0 { 3 } else { step + 2 };
                    for (to, letters) in steps.iter().enumerate().take(reach).skip(step + 1) {
                        if fits(letters, mine[next].1) {
                            stack.push((chain.iter().copied().chain([next]).collect(), to));
                        }
                    }
                }
            }
            // Who gets past an optional step need not have taken it.
            for (step, reached) in reached.iter_mut().enumerate() {
                *reached += i64::from(best.is_some_and(|best| best >= step));
            }
        }
        for (step, (found, wanted)) in counts(&found, "users").into_iter().zip(reached).enumerate() {
            prop_assert!(found == Some(wanted) || (optional && step == 1 && found < Some(wanted)), "{:?}: step {} {:?} {}", steps, step, found, wanted);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter_to_a_funnel(
        events in events(), rules in rules(), shuffled in any::<prop::sample::Index>(),
        excluded in prop::sample::select(vec![Excluded::Stops, Excluded::Voids, Excluded::Leaves]),
    ) {
        let rules = Rules { excluded, ..rules };
        let mut other = events.clone();
        other.reverse();
        if !other.is_empty() {
            let at = shuffled.index(other.len());
            other.rotate_left(at);
        }
        let funnel = funnel(&rules);
        same(&funnel.conversion(&frame(&events)).unwrap(), &funnel.conversion(&frame(&other)).unwrap())?;
        same(&funnel.times(&frame(&events)).unwrap(), &funnel.times(&frame(&other)).unwrap())?;
    }

    #[test]
    fn an_irrelevant_event_changes_nothing(
        events in events(), rules in rules(), any in any::<bool>(), user in 0..9_i64, hour in 0..60_i64,
    ) {
        // In strict order every event is relevant.
        let order = if any && rules.within.is_none() && !rules.optional && !rules.increasing { Order::Any } else { Order::Sequential };
        let rules = Rules { order, ..rules };
        let mut more = events.clone();
        more.push((user, hour, "irrelevant"));
        let funnel = funnel(&rules);
        same(&funnel.conversion(&frame(&events)).unwrap(), &funnel.conversion(&frame(&more)).unwrap())?;
    }

    #[test]
    fn conversion_never_rises_along_a_funnel(events in events(), rules in rules()) {
        let steps = funnel(&rules).conversion(&frame(&events)).unwrap();
        let users = counts(&steps, "users");
        prop_assert!(users[0] >= users[1] && users[0] >= users[2]);
        prop_assert!(rules.optional || users[1] >= users[2]);
        for (rate, (low, high)) in reals(&steps, "overall_rate").iter()
            .zip(reals(&steps, "overall_low").iter().zip(reals(&steps, "overall_high")))
        {
            if let Some(rate) = rate {
                prop_assert!(low.unwrap() <= rate + 1e-12 && rate - 1e-12 <= high.unwrap());
            }
        }
        for seconds in reals(&steps, "p90_total_seconds").into_iter().flatten() {
            prop_assert!((0.0..=rules.window as f64 * 3600.0).contains(&seconds));
        }
    }

    #[test]
    fn groups_of_a_breakdown_add_up_to_the_whole(events in events(), rules in rules(), cut in 0..6_i64) {
        let ids: Vec<i64> = (0..4).collect(); // one user has no attribute
        let segments: Vec<&str> = ids.iter().map(|id| if *id < cut { "low" } else { "high" }).collect();
        let people = df!("user_id" => ids, "segment" => segments).unwrap();
        let whole = funnel(&rules).conversion(&frame(&events)).unwrap();
        let parts = funnel(&rules).conversion_by(&frame(&events), &people, "segment").unwrap();
        let by_step = parts.lazy().group_by([col("step")]).agg([col("users").sum()])
            .sort(["step"], SortMultipleOptions::default()).collect().unwrap();
        if by_step.height() == 0 {
            prop_assert!(counts(&whole, "users").iter().all(|n| *n == Some(0)));
        } else {
            prop_assert_eq!(counts(&by_step, "users"), counts(&whole, "users"));
        }
    }

    #[test]
    fn who_leaves_for_an_exclusion_is_counted_nowhere(events in events(), window in 1..40_i64) {
        let rules = Rules {
            window, order: Order::Sequential, within: None, optional: false, exclude: true,
            excluded: Excluded::Stops, increasing: false,
        };
        let users = |excluded| {
            let found = funnel(&rules).excluded(excluded).conversion(&frame(&events)).unwrap();
            counts(&found, "users")
        };
        let (stops, void, leaves) =
            (users(Excluded::Stops), users(Excluded::Voids), users(Excluded::Leaves));
        let without = funnel(&Rules { exclude: false, ..rules.clone() });
        let without = counts(&without.conversion(&frame(&events)).unwrap(), "users");
        for at in 0..stops.len() {
            prop_assert!(leaves[at] <= stops[at] && stops[at] <= without[at] && void[at] <= without[at]);
        }
    }
}
