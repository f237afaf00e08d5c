//! Where nodes and flows stand: layers from left to right, in each an order with few crossings.
//!
//! # Source
//! K. Sugiyama, S. Tagawa and M. Toda (1981), "Methods for visual understanding of hierarchical system structures":
//! barycenters in sweeps, here weighted by what flows, as for Sankey diagrams H. Li et al. (2019), arXiv:1912.05339.

use super::graph::Graph;

/// Sweeps over the layers; more rarely change anything.
const SWEEPS: usize = 12;
/// The most pieces of flows whose neighbours are swapped: with more, it would take too long.
const MOST_SWAPPED: usize = 300;

/// A node, or the place where a flow passes through a layer.
pub struct Place {
    pub layer: usize,
    /// What flows through, as a share of the largest flow.
    pub size: f64,
    /// The upper edge, and the height, in pixels.
    pub y: f64,
    pub height: f64,
}

pub struct Layout {
    /// The graph's nodes, then passages.
    pub places: Vec<Place>,
    /// By link: the places that it visits, and its upper edge where it leaves and where it enters each.
    pub paths: Vec<Vec<Stop>>,
    /// Pixels for the largest flow.
    pub scale: f64,
    pub layers: usize,
}

#[derive(Clone, Copy)]
pub struct Stop {
    pub place: usize,
    pub y: f64,
}

/// A piece of a flow from one layer to the next.
struct Piece {
    from: usize,
    to: usize,
    size: f64,
}

impl Layout {
    /// Places the nodes and flows between `top` and `bottom`, with `gap` pixels between those of a layer, less if there are
    /// many.
    pub fn new(graph: &Graph, (top, bottom): (f64, f64), gap: f64) -> Layout {
        let most = graph.links.iter().map(|link| link.count).fold(f64::MIN_POSITIVE, f64::max);
        let size = |link: usize| graph.links[link].count / most;
        let mut places: Vec<Place> = (graph.nodes.iter().enumerate())
            .map(|(node, at)| {
                let sum = |out: bool| -> f64 {
                    let links = graph.links.iter().enumerate();
                    let mine =
                        links.filter(|(_, link)| node == if out { link.from } else { link.to });
                    mine.map(|(place, _)| size(place)).sum()
                };
                let size = sum(true).max(sum(false));
                Place { layer: at.layer, size, y: 0.0, height: 0.0 }
            })
            .collect();
        let mut visits: Vec<Vec<usize>> = vec![];
        let mut pieces: Vec<Piece> = vec![];
        for (index, link) in graph.links.iter().enumerate() {
            let mut visited = vec![link.from];
            for layer in graph.nodes[link.from].layer + 1..graph.nodes[link.to].layer {
                places.push(Place { layer, size: size(index), y: 0.0, height: 0.0 });
                visited.push(places.len() - 1);
            }
            visited.push(link.to);
            let steps = visited.windows(2);
            pieces.extend(steps.map(|step| Piece {
                from: step[0],
                to: step[1],
                size: size(index),
            }));
            visits.push(visited);
        }
        let layers = places.iter().map(|place| place.layer + 1).max().unwrap_or(0);
        let orders = order(&places, &pieces, layers);
        let scale = place(&mut places, &pieces, &orders, (top, bottom), gap);
        let paths = paths(&places, &visits, &orders, scale, size);
        Layout { places, paths, scale, layers }
    }
}

/// Each layer's places from top to bottom.
fn order(places: &[Place], pieces: &[Piece], layers: usize) -> Vec<Vec<usize>> {
    let mut orders: Vec<Vec<usize>> = vec![vec![]; layers];
    places.iter().enumerate().for_each(|(index, place)| orders[place.layer].push(index));
    let mut best = (crossings(&orders, pieces, places.len()), orders.clone());
    for sweep in 0..2 * SWEEPS {
        let forward = sweep % 2 == 0;
        let across: Vec<usize> = if forward {
            (1..layers).collect()
        } else {
            (0..layers.saturating_sub(1)).rev().collect()
        };
        for layer in across {
            let rank = ranks(&orders, places.len());
            let centre = |index: usize| {
                let mine = pieces.iter().filter_map(|piece| {
                    let (own, other) =
                        if forward { (piece.to, piece.from) } else { (piece.from, piece.to) };
                    let many = orders[places[other].layer].len() as f64;
                    (own == index).then(|| (piece.size, (rank[other] as f64 + 0.5) / many))
                });
                let (weight, sum) =
                    mine.fold((0.0, 0.0), |(w, s), (size, at)| (w + size, s + size * at));
                let own = (rank[index] as f64 + 0.5) / orders[layer].len() as f64;
                if weight > 0.0 { sum / weight } else { own }
            };
            let mut keyed: Vec<(f64, usize)> =
                orders[layer].iter().map(|index| (centre(*index), *index)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            orders[layer] = keyed.into_iter().map(|(_, index)| index).collect();
        }
        let crossed = crossings(&orders, pieces, places.len());
        if crossed < best.0 {
            best = (crossed, orders.clone());
        }
    }
    if pieces.len() <= MOST_SWAPPED {
        swap_neighbours(&mut best, pieces, places.len());
    }
    best.1
}

/// Swaps neighbours as long as flows cross less.
fn swap_neighbours(best: &mut (f64, Vec<Vec<usize>>), pieces: &[Piece], places: usize) {
    for _ in 0..4 {
        let before = best.0;
        for layer in 0..best.1.len() {
            for place in 1..best.1[layer].len() {
                best.1[layer].swap(place - 1, place);
                match crossings(&best.1, pieces, places) {
                    fewer if fewer < best.0 => best.0 = fewer,
                    _ => best.1[layer].swap(place - 1, place),
                }
            }
        }
        if best.0 >= before {
            return;
        }
    }
}

/// By place: which it is in its layer.
fn ranks(orders: &[Vec<usize>], places: usize) -> Vec<usize> {
    let mut rank = vec![0; places];
    for order in orders {
        order.iter().enumerate().for_each(|(at, index)| rank[*index] = at);
    }
    rank
}

/// How much crosses: for each pair of crossing pieces the product of what flows in them.
fn crossings(orders: &[Vec<usize>], pieces: &[Piece], places: usize) -> f64 {
    let rank = ranks(orders, places);
    let layer =
        |index: usize| orders.iter().position(|order| order.get(rank[index]) == Some(&index));
    let ends: Vec<(Option<usize>, usize, usize, f64)> = pieces
        .iter()
        .map(|piece| (layer(piece.from), rank[piece.from], rank[piece.to], piece.size))
        .collect();
    let mut sum = 0.0;
    for (index, a) in ends.iter().enumerate() {
        for b in &ends[index + 1..] {
            if a.0 == b.0 && (a.1 < b.1 && a.2 > b.2 || a.1 > b.1 && a.2 < b.2) {
                sum += a.3 * b.3;
            }
        }
    }
    sum
}

/// Gives each place its height and its y, near those that it exchanges with. Returns the pixels for the largest flow.
fn place(
    places: &mut [Place],
    pieces: &[Piece],
    orders: &[Vec<usize>],
    (top, bottom): (f64, f64),
    gap: f64,
) -> f64 {
    let height = bottom - top;
    let most = orders.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let gap = gap.min(0.4 * height / most.max(1.0));
    let scale = orders
        .iter()
        .map(|order| {
            let sum: f64 = order.iter().map(|index| places[*index].size).sum();
            (height - gap * (order.len() as f64 - 1.0)) / sum.max(f64::MIN_POSITIVE)
        })
        .fold(f64::MAX, f64::min);
    for order in orders {
        let tall: f64 = order.iter().map(|index| places[*index].size * scale + gap).sum();
        let mut y = top + (height - (tall - gap)) / 2.0;
        for index in order {
            places[*index].height = places[*index].size * scale;
            places[*index].y = y;
            y += places[*index].height + gap;
        }
    }
    for sweep in 0..16 {
        let forward = sweep % 2 == 0;
        for step in 0..orders.len() {
            let layer = if forward { step } else { orders.len() - 1 - step };
            for index in &orders[layer] {
                let mine = pieces.iter().filter_map(|piece| {
                    let (own, other) =
                        if forward { (piece.to, piece.from) } else { (piece.from, piece.to) };
                    (own == *index)
                        .then(|| (piece.size, places[other].y + places[other].height / 2.0))
                });
                let (weight, sum) =
                    mine.fold((0.0, 0.0), |(w, s), (size, at)| (w + size, s + size * at));
                if weight > 0.0 {
                    places[*index].y = sum / weight - places[*index].height / 2.0;
                }
            }
            apart(places, &orders[layer], (top, bottom), gap);
        }
    }
    scale
}

/// Moves the places of a layer apart, in their order, inside the bounds.
fn apart(places: &mut [Place], order: &[usize], (top, bottom): (f64, f64), gap: f64) {
    let mut floor = top;
    for index in order {
        places[*index].y = places[*index].y.max(floor);
        floor = places[*index].y + places[*index].height + gap;
    }
    let mut ceiling = bottom;
    for index in order.iter().rev() {
        places[*index].y = places[*index].y.min(ceiling - places[*index].height);
        ceiling = places[*index].y - gap;
    }
}

/// Each link's stops: it leaves and enters a place beside its other flows, in the order of where those go.
fn paths(
    places: &[Place],
    visits: &[Vec<usize>],
    orders: &[Vec<usize>],
    scale: f64,
    size: impl Fn(usize) -> f64,
) -> Vec<Vec<Stop>> {
    let rank = ranks(orders, places.len());
    // Two stops a place, one where it enters and one where it leaves; the ends have one.
    let mut out: Vec<Vec<Stop>> = visits
        .iter()
        .map(|visited| {
            visited.iter().map(|place| Stop { place: *place, y: places[*place].y }).collect()
        })
        .collect();
    for (node, at) in places.iter().enumerate() {
        for leaving in [true, false] {
            let end = |visited: &Vec<usize>| if leaving { 0 } else { visited.len() - 1 };
            let next = |visited: &Vec<usize>| {
                if leaving { visited[1] } else { visited[visited.len() - 2] }
            };
            let mut mine: Vec<usize> = (0..visits.len())
                .filter(|link| visits[*link][end(&visits[*link])] == node)
                .collect();
            mine.sort_by_key(|link| rank[next(&visits[*link])]);
            let mut y = at.y;
            for link in mine {
                out[link][end(&visits[link])].y = y;
                y += size(link) * scale;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Link, Node};
    use super::*;

    fn graph(layers: &[usize], links: &[(usize, usize, f64)]) -> Graph {
        let nodes =
            layers.iter().map(|layer| Node { name: String::new(), layer: *layer }).collect();
        let links =
            links.iter().map(|(from, to, count)| Link { from: *from, to: *to, count: *count });
        Graph { nodes, links: links.collect(), left_out: 0 }
    }

    #[test]
    fn flows_that_need_not_cross_do_not() {
        // Given crosswise, twice: a to d, b to c, d to f, c to e.
        let graph = graph(
            &[0, 0, 1, 1, 2, 2],
            &[(0, 3, 5.0), (1, 2, 5.0), (3, 4, 5.0), (2, 5, 5.0), (1, 3, 1.0)],
        );
        let layout = Layout::new(&graph, (0.0, 100.0), 10.0);
        let y = |node: usize| layout.places[node].y;
        assert!(
            y(0) < y(1) && y(3) < y(2) && y(4) < y(5),
            "{:?}",
            [y(0), y(1), y(2), y(3), y(4), y(5)]
        );
    }

    #[test]
    fn places_keep_their_distance_and_their_bounds() {
        let links: Vec<(usize, usize, f64)> =
            (0..40).map(|i| (i % 7, 7 + i * i % 11, 1.0 + (i % 5) as f64)).collect();
        let layers: Vec<usize> = (0..18).map(|node| usize::from(node >= 7)).collect();
        let layout = Layout::new(&graph(&layers, &links), (20.0, 320.0), 12.0);
        for layer in 0..2 {
            let mut all: Vec<(f64, f64)> = (layout.places.iter())
                .filter(|place| place.layer == layer && place.size > 0.0)
                .map(|place| (place.y, place.height))
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(all[0].0 > 20.0 - 1e-6 && all.iter().all(|(y, h)| y + h < 320.0 + 1e-6));
            assert!(all.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0 - 8.0), "{all:?}");
        }
    }

    #[test]
    fn a_flow_over_a_layer_passes_between_its_nodes() {
        let graph = graph(&[0, 1, 2], &[(0, 1, 2.0), (1, 2, 2.0), (0, 2, 1.0)]);
        let layout = Layout::new(&graph, (0.0, 100.0), 10.0);
        assert_eq!(layout.places.len(), 4);
        let (node, passage) = (&layout.places[1], &layout.places[3]);
        assert_eq!(passage.layer, 1);
        assert!(node.y + node.height < passage.y || passage.y + passage.height < node.y);
        assert_eq!(layout.paths[2].len(), 3);
        // What leaves a node leaves it side by side.
        let apart = (layout.paths[0][0].y - layout.paths[2][0].y).abs();
        let thick = [layout.scale, layout.scale / 2.0];
        assert!(
            thick.iter().any(|height| (apart - height).abs() < 1e-9),
            "{apart} {}",
            layout.scale
        );
    }
}
