//! What flows from where to where, and in which layer each node stands.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::chart::area::not_negative;
use crate::chart::label::short;
use crate::chart::{columns, names, numbers};
use crate::error::{Error, Result};

/// Flows, at most: more are a tangle in the largest chart.
const MOST_FLOWS: usize = 2_000;
/// Stages, at most: as many as the widest chart can keep apart.
const MOST_STAGES: f64 = 50.0;

/// The columns of a Sankey diagram.
#[derive(Debug, Clone)]
pub struct Flows<'f> {
    pub frame: &'f DataFrame,
    pub source: String,
    pub target: String,
    pub count: String,
    pub stage: Option<String>,
}

pub struct Node {
    pub name: String,
    pub layer: usize,
}

pub struct Link {
    pub from: usize,
    pub to: usize,
    /// What flows, as counted.
    pub count: f64,
}

/// Nodes and flows in order of first appearance.
pub struct Graph {
    pub nodes: Vec<Node>,
    pub links: Vec<Link>,
    pub left_out: usize,
}

impl Graph {
    /// Reads the flows, adds up those between the same nodes, and gives each node its layer.
    ///
    /// # Errors
    /// A missing column, or one of the wrong type; counts below 0; flows in a circle; too many flows or stages.
    pub fn new(asked: &Flows) -> Result<Graph> {
        let frame = asked.frame;
        let mut needed = vec![asked.source.as_str(), &asked.target, &asked.count];
        needed.extend(asked.stage.as_deref());
        columns(frame, &needed)?;
        let counts = numbers(frame, &asked.count)?;
        not_negative(&asked.count, &counts)?;
        let stages = asked.stage.as_ref().map(|column| layers(column, &numbers(frame, column)?));
        let stages = stages.transpose()?;
        let (sources, targets) = (names(frame, &asked.source)?, names(frame, &asked.target)?);
        let mut nodes: Vec<Node> = vec![];
        let mut known: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut flows: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut links: Vec<Link> = vec![];
        let mut left_out = 0;
        for (row, count) in counts.iter().enumerate() {
            let layer = stages.as_ref().map_or(Some(0), |stages| stages[row]);
            let (Some(count), Some(layer)) = (count, layer) else {
                left_out += 1;
                continue;
            };
            // Nothing flows: there is nothing to see, and a node of no height has no place.
            if *count == 0.0 {
                continue;
            }
            let mut node = |name: &'_ str, layer: usize, found: Option<&usize>| match found {
                Some(place) => *place,
                None => {
                    nodes.push(Node { name: short(name), layer });
                    nodes.len() - 1
                }
            };
            let next = if stages.is_some() { layer + 1 } else { layer };
            let from_key = (layer, sources[row].as_str());
            let from = node(from_key.1, layer, known.get(&from_key));
            known.insert(from_key, from);
            let to_key = (next, targets[row].as_str());
            let to = node(to_key.1, next, known.get(&to_key));
            known.insert(to_key, to);
            match flows.get(&(from, to)) {
                Some(place) => {
                    let sum: f64 = links[*place].count + count;
                    links[*place].count = sum.min(f64::MAX);
                }
                None => {
                    flows.insert((from, to), links.len());
                    links.push(Link { from, to, count: *count });
                }
            }
        }
        let mut graph = Graph { nodes, links, left_out };
        few(graph.links.len())?;
        if stages.is_none() {
            graph.assign_layers(asked)?;
        }
        // A flow over several layers is one in each.
        let steps = |link: &Link| graph.nodes[link.to].layer - graph.nodes[link.from].layer;
        few(graph.links.iter().map(steps).sum())?;
        Ok(graph)
    }

    /// A node stands one layer to the right of the rightmost from which something flows into it.
    fn assign_layers(&mut self, asked: &Flows) -> Result<()> {
        let mut waiting: Vec<usize> = vec![0; self.nodes.len()];
        self.links.iter().for_each(|link| waiting[link.to] += 1);
        let mut ready: Vec<usize> = (0..self.nodes.len()).filter(|n| waiting[*n] == 0).collect();
        let mut done = 0;
        while let Some(node) = ready.pop() {
            done += 1;
            for link in self.links.iter().filter(|link| link.from == node) {
                let layer = self.nodes[node].layer + 1;
                self.nodes[link.to].layer = self.nodes[link.to].layer.max(layer);
                waiting[link.to] -= 1;
                if waiting[link.to] == 0 {
                    ready.push(link.to);
                }
            }
        }
        if done == self.nodes.len() {
            return Ok(());
        }
        let problem = format!(
            "and `{}` lead in a circle: {}; remove one of these flows, or say with `stages` which comes when",
            asked.target,
            self.circle(&waiting)
        );
        Err(Error::column("chart's", &asked.source, problem))
    }

    /// One circle among nodes that still wait for others, in words.
    fn circle(&self, waiting: &[usize]) -> String {
        // Each that waits has another before it that waits: going back, one comes twice.
        let before =
            |node: usize| self.links.iter().find(|link| link.to == node && waiting[link.from] > 0);
        let mut path = vec![waiting.iter().position(|n| *n > 0).unwrap_or(0)];
        while let Some(link) = before(path[path.len() - 1]) {
            if let Some(start) = path.iter().position(|node| *node == link.from) {
                path.drain(..start);
                path.push(link.from);
                break;
            }
            path.push(link.from);
        }
        let names: Vec<&str> =
            path.iter().rev().map(|node| self.nodes[*node].name.as_str()).collect();
        if names.len() > 9 {
            format!("{} → … → {}", names[..4].join(" → "), names[names.len() - 4..].join(" → "))
        } else {
            names.join(" → ")
        }
    }
}

fn few(flows: usize) -> Result<()> {
    if flows <= MOST_FLOWS {
        return Ok(());
    }
    let accepted = format!("at most {MOST_FLOWS}: add small ones up as \"Other\"");
    Err(Error::config("chart", format!("flows of {flows}"), accepted))
}

/// Stage numbers as layers from 0.
fn layers(column: &str, stages: &[Option<f64>]) -> Result<Vec<Option<usize>>> {
    if let Some((row, stage)) =
        stages.iter().enumerate().find_map(|(row, s)| Some((row, s.filter(|s| s.fract() != 0.0)?)))
    {
        let problem = format!("holds {stage} in row {}; a stage is a whole number", row + 1);
        return Err(Error::column("chart's", column, problem));
    }
    let first = stages.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let last = stages.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if last - first >= MOST_STAGES {
        let problem = format!("reaches from {first} to {last}; at most {MOST_STAGES} stages");
        return Err(Error::column("chart's", column, problem));
    }
    Ok(stages.iter().map(|stage| stage.map(|stage| (stage - first) as usize)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::sankey;
    use super::*;

    fn refused(source: &[&str], target: &[&str]) -> String {
        let frame = df!("source" => source, "target" => target, "n" => vec![1; source.len()]);
        let frame = frame.unwrap();
        sankey(&frame, "source", "target", "n").draw().unwrap_err().to_string()
    }

    #[test]
    fn circles_are_refused_by_name() {
        let told = refused(&["start", "a", "b", "c"], &["a", "b", "c", "a"]);
        assert!(told.contains("`source`") && told.contains("`target`"), "{told}");
        assert!(told.contains("a → b → c → a") || told.contains("b → c → a → b"), "{told}");
        assert!(refused(&["a"], &["a"]).contains("a → a"));
    }

    #[test]
    fn the_same_states_in_stages_are_no_circle() {
        let frame = df!(
            "stage" => [1, 1, 2, 2], "source" => ["free", "pro", "pro", "free"],
            "target" => ["pro", "free", "free", "pro"], "n" => [3, 4, 5, 0],
        )
        .unwrap();
        let graph =
            Graph::new(&sankey(&frame, "source", "target", "n").stages("stage").flows).unwrap();
        let nodes: Vec<(&str, usize)> =
            graph.nodes.iter().map(|node| (node.name.as_str(), node.layer)).collect();
        assert_eq!(nodes, [("free", 0), ("pro", 1), ("pro", 0), ("free", 1), ("free", 2)]);
        assert_eq!(graph.links.len(), 3, "nothing flows where 0 was counted");
    }

    #[test]
    fn a_node_stands_right_of_all_that_flow_into_it() {
        let frame =
            df!("a" => ["x", "x", "y", "x"], "b" => ["z", "y", "z", "z"], "n" => [1, 2, 3, 4]);
        let graph = Graph::new(&sankey(&frame.unwrap(), "a", "b", "n").flows).unwrap();
        let layers: Vec<usize> = graph.nodes.iter().map(|node| node.layer).collect();
        assert_eq!(layers, [0, 2, 1]);
        assert_eq!(graph.links[0].count, 5.0);
    }

    #[test]
    fn stages_are_whole_numbers_not_too_far_apart() {
        let told = layers("step", &[Some(1.0), Some(1.5)]).unwrap_err().to_string();
        assert!(told.contains("`step`") && told.contains("1.5 in row 2"), "{told}");
        let told = layers("step", &[Some(0.0), Some(1e300)]).unwrap_err().to_string();
        assert!(told.contains("at most 50"), "{told}");
        assert_eq!(layers("step", &[Some(3.0), None]).unwrap(), [Some(0), None]);
    }
}
