//! Labels that would overlap, moved apart.

/// Returns places at least `gap` apart and inside the bounds, in the same order as the places asked for and together as
/// close to them as possible (least squares). If there is no room for all, the last ones reach beyond the upper bound.
pub fn apart(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Without their gaps, places need only not fall: neighbours that do are one block at their mean (isotonic regression).
    let mut blocks: Vec<(f64, usize)> = vec![];
    for (rank, index) in order.iter().enumerate() {
        let mut block = (wanted[*index] - gap * rank as f64, 1);
        while let Some(before) = blocks.pop_if(|before| before.0 > block.0) {
            let count = before.1 + block.1;
            let sum = before.0 * before.1 as f64 + block.0 * block.1 as f64;
            block = (sum / count as f64, count);
        }
        blocks.push(block);
    }
    let last = high - gap * wanted.len().saturating_sub(1) as f64;
    let tight = blocks.iter().flat_map(|(at, count)| std::iter::repeat_n(*at, *count));
    let mut placed = vec![0.0; wanted.len()];
    for ((rank, index), at) in order.iter().enumerate().zip(tight) {
        placed[*index] = at.min(last).max(low) + gap * rank as f64;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_places_where_there_is_room() {
        assert_eq!(apart(&[90.0, 10.0, 50.0], 15.0, (0.0, 100.0)), [90.0, 10.0, 50.0]);
        assert!(apart(&[], 15.0, (0.0, 100.0)).is_empty());
    }

    #[test]
    fn a_crowd_spreads_around_its_middle_and_inside_the_bounds() {
        assert_eq!(apart(&[50.0, 50.0, 50.0], 10.0, (0.0, 100.0)), [40.0, 50.0, 60.0]);
        assert_eq!(apart(&[98.0, 99.0], 10.0, (0.0, 100.0)), [90.0, 100.0]);
        assert_eq!(apart(&[3.0, 1.0, 2.0], 10.0, (0.0, 100.0)), [20.0, 0.0, 10.0]);
        // More than there is room for: the first stand where they can.
        assert_eq!(apart(&[5.0, 5.0, 5.0], 10.0, (0.0, 15.0)), [0.0, 10.0, 20.0]);
    }
}
