//! Items grouped by user.

use rayon::prelude::*;

use super::ids::NOBODY;

/// Items by user: those of user `u` are `items[starts[u]..starts[u + 1]]`, in the order they came.
pub(crate) struct Grouped<T> {
    pub starts: Vec<usize>,
    pub items: Vec<T>,
}

impl<T: Copy + Default + Send + Sync> Grouped<T> {
    /// Groups by counting: two passes, no sort. Rows of [`NOBODY`] are left out.
    pub fn new(codes: &[u32], users: usize, item: impl Fn(usize) -> T) -> Grouped<T> {
        let mut starts = vec![0_usize; users + 1];
        for code in codes.iter().filter(|code| **code != NOBODY) {
            starts[*code as usize + 1] += 1;
        }
        for user in 0..users {
            starts[user + 1] += starts[user];
        }
        let mut next = starts.clone();
        let mut items = vec![T::default(); starts[users]];
        for (row, code) in codes.iter().enumerate().filter(|(_, code)| **code != NOBODY) {
            let place = &mut next[*code as usize];
            items[*place] = item(row);
            *place += 1;
        }
        Grouped { starts, items }
    }

    /// Splits users into stretches of about equal work, so that threads can change the items in place.
    pub fn parts(&mut self) -> Vec<Part<'_, T>> {
        const ITEMS: usize = 1 << 16;
        let mut parts = vec![];
        let mut rest: &mut [T] = &mut self.items;
        let mut first = 0;
        while first + 1 < self.starts.len() {
            let from = self.starts[first];
            let mut end = first + 1;
            while end + 1 < self.starts.len() && self.starts[end + 1] - from <= ITEMS {
                end += 1;
            }
            let (mine, others) = std::mem::take(&mut rest).split_at_mut(self.starts[end] - from);
            parts.push(Part { starts: &self.starts[first..=end], items: mine });
            rest = others;
            first = end;
        }
        parts
    }
}

/// Some consecutive users of a [`Grouped`].
pub(crate) struct Part<'g, T> {
    starts: &'g [usize],
    items: &'g mut [T],
}

impl<T> Part<'_, T> {
    pub fn users(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns the items of the part's `n`-th user.
    pub fn of(&mut self, n: usize) -> &mut [T] {
        let from = self.starts[0];
        &mut self.items[self.starts[n] - from..self.starts[n + 1] - from]
    }
}

/// Returns each user's distinct values in ascending order: one sort per user, done in parallel.
pub(crate) fn distinct(codes: &[u32], users: usize, values: &[i32]) -> Grouped<i32> {
    // Events mostly come in order of time, so most repetitions follow each other: dropped on the way.
    let mut last = vec![i32::MIN; users];
    let kept: Vec<u32> = codes
        .iter()
        .zip(values)
        .map(|(code, value)| {
            if *code == NOBODY || last[*code as usize] == *value {
                return NOBODY;
            }
            last[*code as usize] = *value;
            *code
        })
        .collect();
    let mut grouped = Grouped::new(&kept, users, |row| values[row]);
    let counts: Vec<usize> = grouped
        .parts()
        .into_par_iter()
        .flat_map_iter(|mut part| {
            (0..part.users())
                .map(|n| {
                    let mine = part.of(n);
                    if !mine.is_sorted() {
                        mine.sort_unstable();
                    }
                    let mut kept = mine.len().min(1);
                    for at in 1..mine.len() {
                        if mine[at] != mine[kept - 1] {
                            mine[kept] = mine[at];
                            kept += 1;
                        }
                    }
                    kept
                })
                .collect::<Vec<_>>()
        })
        .collect();
    // Close the gaps that repetitions left.
    let mut end = 0;
    for (user, count) in counts.iter().enumerate() {
        let from = grouped.starts[user];
        grouped.items.copy_within(from..from + count, end);
        grouped.starts[user] = end;
        end += count;
    }
    grouped.starts[users] = end;
    grouped.items.truncate(end);
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distinct_equals_a_set(pairs in prop::collection::vec((0..5_u32, -3..4_i32), 0..60)) {
            let codes: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
            let values: Vec<i32> = pairs.iter().map(|pair| pair.1).collect();
            let grouped = distinct(&codes, 5, &values);
            for user in 0..5 {
                let expected: std::collections::BTreeSet<i32> =
                    pairs.iter().filter(|pair| pair.0 == user).map(|pair| pair.1).collect();
                let at = user as usize;
                let found = &grouped.items[grouped.starts[at]..grouped.starts[at + 1]];
                prop_assert_eq!(found, &expected.into_iter().collect::<Vec<_>>());
            }
        }
    }
}
