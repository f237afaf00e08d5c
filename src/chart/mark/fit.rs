//! Where a label has room: over as little of the data as possible, and over no other label.

/// Left, top, right, bottom, in pixels.
pub type Rect = (f64, f64, f64, f64);

/// Moves a box of this size into an area; one that is too large begins where the area does.
fn inside((left, top): (f64, f64), (wide, tall): (f64, f64), area: Rect) -> Rect {
    let x = left.min(area.2 - wide).max(area.0);
    let y = top.min(area.3 - tall).max(area.1);
    (x, y, x + wide, y + tall)
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

/// What a label had better not cover, the worst first: other labels, points of lines and bars, and the pale ground of bands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Obstacles<'a> {
    pub taken: &'a [Rect],
    pub busy: &'a [(f64, f64)],
    pub pale: &'a [(f64, f64)],
}

/// Counts the points that a box covers.
pub fn covered(one: Rect, points: &[(f64, f64)]) -> usize {
    points.iter().filter(|at| overlap(one, (at.0, at.1, at.0, at.1))).count()
}

/// Finds the place where a box of this size covers least, among left upper corners in order of preference.
pub fn place(
    size: (f64, f64),
    corners: impl IntoIterator<Item = (f64, f64)>,
    area: Rect,
    obstacles: &Obstacles,
) -> Option<Rect> {
    let cost = |one: &Rect| {
        let others = obstacles.taken.iter().filter(|other| overlap(*one, **other)).count();
        (others, covered(*one, obstacles.busy), covered(*one, obstacles.pale))
    };
    // The first of those that cost the same.
    corners.into_iter().map(|corner| inside(corner, size, area)).min_by_key(cost)
}

/// Places labels above the plot: where the text of each begins, and in which row, 0 next to the plot. Labels are
/// centred over their places if they have room there; two that are close stand to the left and to the right of theirs;
/// more stand in rows, each beside its place, like flags on poles: those whose poles are further up begin further to the
/// side, so that no pole crosses another's flag. `None` for a label without room.
pub fn row_of_labels(
    labels: &[(f64, f64)],
    (left, right): (f64, f64),
    most_rows: usize,
) -> Vec<Option<(f64, usize)>> {
    const GAP: f64 = 10.0;
    /// Up to this many labels are tried in all ways.
    const FEW: usize = 8;
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|a, b| labels[*a].0.total_cmp(&labels[*b].0));
    let begins = |index: usize, share: f64| {
        let (at, wide) = labels[index];
        (at - wide * share).min(right - wide).max(left)
    };
    // Ways to stand at a place: how much of the text is to its left.
    fn beside(
        order: &[usize],
        from: f64,
        begins: &dyn Fn(usize, f64) -> f64,
        labels: &[(f64, f64)],
    ) -> Option<Vec<f64>> {
        let Some((first, rest)) = order.split_first() else { return Some(vec![]) };
        [0.5, 1.0, 0.0].into_iter().find_map(|share| {
            let at = begins(*first, share);
            let next = at + labels[*first].1 + GAP;
            let others = if at >= from { beside(rest, next, begins, labels) } else { None };
            others.map(|others| std::iter::once(at).chain(others).collect())
        })
    }
    let mut placed = vec![None; labels.len()];
    if most_rows == 0 {
        return placed;
    }
    if labels.len() <= FEW
        && let Some(found) = beside(&order, left, &begins, labels)
    {
        for (index, at) in order.iter().zip(found) {
            placed[*index] = Some((at, 0));
        }
        return placed;
    }
    let beside = |side: f64| flags_on_poles(labels, &order, (left, right), most_rows, side);
    if let Some(found) = beside(1.0).or_else(|| beside(-1.0)) {
        return found;
    }
    let mut ends = vec![f64::NEG_INFINITY; most_rows];
    for index in order {
        let at = begins(index, 0.5);
        if let Some(row) = ends.iter().position(|end| at >= end + GAP) {
            placed[index] = Some((at, row));
            ends[row] = at + labels[index].1;
        }
    }
    placed
}

/// Between a pole and its flag.
const POLE: f64 = 4.0;

/// Places labels to the right (`side` 1) or to the left (−1) of their places, in rows. `None` if one of them would reach
/// beyond the end.
fn flags_on_poles(
    labels: &[(f64, f64)],
    order: &[usize],
    (left, right): (f64, f64),
    most_rows: usize,
    side: f64,
) -> Option<Vec<Option<(f64, usize)>>> {
    const GAP: f64 = 10.0;
    let mut placed = vec![None; labels.len()];
    // How far each row is free, away from the side that flags point to; mirrored for the other side.
    let mut free = vec![f64::INFINITY; most_rows];
    let turned: Vec<usize> = match side > 0.0 {
        true => order.iter().rev().copied().collect(),
        false => order.to_vec(),
    };
    for index in turned {
        let (at, wide) = labels[index];
        let begins = if side > 0.0 { at + POLE } else { at - POLE - wide };
        if begins < left || begins + wide > right {
            return None;
        }
        let far = side * at + POLE + wide;
        if let Some(row) = free.iter().position(|free| far + GAP <= *free) {
            placed[index] = Some((begins, row));
            free[row] = side * at;
        }
    }
    Some(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = (0.0, 0.0, 100.0, 100.0);

    #[test]
    fn a_label_stands_where_it_covers_least() {
        let corners = [(10.0, 10.0), (10.0, 50.0), (60.0, 50.0)];
        let size = (20.0, 10.0);
        let nothing = Obstacles::default();
        assert_eq!(place(size, corners, AREA, &nothing), Some((10.0, 10.0, 30.0, 20.0)));
        let busy = [(12.0, 12.0), (14.0, 12.0), (12.0, 55.0)];
        let data = Obstacles { busy: &busy, ..nothing };
        assert_eq!(place(size, corners, AREA, &data), Some((60.0, 50.0, 80.0, 60.0)));
        // Rather over data than over another label.
        let taken = [(60.0, 50.0, 80.0, 60.0), (10.0, 50.0, 30.0, 60.0)];
        let both = Obstacles { taken: &taken, ..data };
        assert_eq!(place(size, corners, AREA, &both), Some((10.0, 10.0, 30.0, 20.0)));
        // Rather over a band than over data.
        let pale = Obstacles { pale: &[(62.0, 52.0)], ..data };
        assert_eq!(place(size, corners, AREA, &pale), Some((60.0, 50.0, 80.0, 60.0)));
        let pale = Obstacles { pale: &[(12.0, 12.0)], ..nothing };
        assert_eq!(place(size, corners, AREA, &pale), Some((10.0, 50.0, 30.0, 60.0)));
        assert_eq!(place(size, [(95.0, -5.0)], AREA, &nothing), Some((80.0, 0.0, 100.0, 10.0)));
        assert_eq!(place(size, [], AREA, &nothing), None);
    }

    #[test]
    fn close_labels_stand_beside_their_places_and_more_in_rows() {
        let span = (0.0, 200.0);
        assert_eq!(row_of_labels(&[(100.0, 40.0)], span, 3), [Some((80.0, 0))]);
        // Inside the span.
        assert_eq!(row_of_labels(&[(5.0, 40.0)], span, 3), [Some((0.0, 0))]);
        let two = row_of_labels(&[(112.0, 40.0), (100.0, 40.0)], span, 3);
        assert_eq!(two, [Some((112.0, 0)), Some((60.0, 0))]);
        let three = row_of_labels(&[(100.0, 60.0), (101.0, 60.0), (102.0, 60.0)], span, 3);
        let rows: Vec<usize> = three.iter().flatten().map(|(_, row)| *row).collect();
        assert_eq!(rows, [2, 1, 0]);
        assert_eq!(three[2], Some((106.0, 0)));
        // To the left where there is no room on the right.
        let three = row_of_labels(&[(190.0, 60.0), (191.0, 60.0), (192.0, 60.0)], span, 3);
        assert_eq!(three[0], Some((126.0, 0)));
        assert_eq!(three[2], Some((128.0, 2)));
        let many = row_of_labels(&[(100.0, 90.0); 5], span, 3);
        assert_eq!(many.iter().flatten().count(), 3);
    }
}
