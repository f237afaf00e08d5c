//! The move of a metric along the tree of what it is made of.

use std::collections::BTreeSet;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::fetch;
use crate::metrics::{Source, finite};
use crate::stats::factors::{divisia, shapley};

/// How the move of a product is split over its factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// By the logarithmic mean Divisia index: in proportion to the factors' logarithmic changes. A part doesn't depend on how a product
    /// of products is bracketed. All factors must be above 0.
    #[default]
    LogMean,
    /// By the Shapley value, the average over every order in which the factors may have moved. Takes any numbers.
    Shapley,
}

/// A metric made of others: a sum, a product, or a leaf, which is measured.
///
/// DAU is the sum of new, retained and resurrected users; revenue is visitors × conversion × order value, where visitors may be the sum
/// of paid and organic ones. What is subtracted is a leaf with a negative value.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricTree {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Leaf,
    Sum(Vec<MetricTree>),
    Product(Vec<MetricTree>),
}

impl From<&str> for MetricTree {
    fn from(name: &str) -> MetricTree {
        MetricTree::leaf(name)
    }
}

/// A node's place and values; its contribution follows from its parent's.
struct Node {
    name: String,
    parent: Option<usize>,
    depth: i64,
    kind: &'static str,
    before: f64,
    after: f64,
    children: Vec<usize>,
}

impl MetricTree {
    /// Creates a metric that is measured: a column of the frames.
    pub fn leaf(name: &str) -> MetricTree {
        MetricTree { name: name.into(), kind: Kind::Leaf }
    }

    /// Creates a sum of metrics. A text stands for a [leaf](MetricTree::leaf).
    pub fn sum<I: Into<MetricTree>>(name: &str, parts: impl IntoIterator<Item = I>) -> MetricTree {
        let parts = parts.into_iter().map(Into::into).collect();
        MetricTree { name: name.into(), kind: Kind::Sum(parts) }
    }

    /// Creates a product of metrics. A text stands for a [leaf](MetricTree::leaf).
    pub fn product<I: Into<MetricTree>>(
        name: &str,
        factors: impl IntoIterator<Item = I>,
    ) -> MetricTree {
        let factors = factors.into_iter().map(Into::into).collect();
        MetricTree { name: name.into(), kind: Kind::Product(factors) }
    }

    fn parts(&self) -> &[MetricTree] {
        match &self.kind {
            Kind::Leaf => &[],
            Kind::Sum(parts) | Kind::Product(parts) => parts,
        }
    }

    /// Splits the metric's move over the nodes of its tree.
    ///
    /// Reads two frames of one row each, `before` and `after`, with one column of numbers per leaf. Returns one row per node, each
    /// before its parts: `node` (text), `parent` (text, null for the whole), `depth` (i64, 0 for the whole), `kind` (text: "sum",
    /// "product", "leaf"), `before`, `after`, `change` (f64: in the node's own unit), `contribution` (f64: in the unit of the whole; the
    /// parts of a node add up to it), `of_change` (f64: contribution over the whole's change; null if that is 0).
    ///
    /// Parts of a sum contribute what they changed by, and factors of a product what `split` says. Below a factor both are scaled to the
    /// whole, so that parts of a factor that cancel out still show.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, for a factor of 0 or less with [`Split::LogMean`], and for a result that is no finite number;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a frame of more or fewer rows than one, for two nodes of the same
    /// name, and for a sum or product without parts.
    ///
    /// ```
    /// use casebook::metrics::change::{MetricTree, Split};
    /// use casebook::prelude::*;
    ///
    /// let dau = MetricTree::sum("DAU", ["new", "retained", "resurrected"]);
    /// let monday = df!("new" => [120], "retained" => [900], "resurrected" => [80])?;
    /// let tuesday = df!("new" => [70], "retained" => [890], "resurrected" => [90])?;
    /// let moved = dau.decompose(&monday, &tuesday, Split::default())?;
    /// assert_eq!(moved.value("contribution", "node", "DAU")?, -50.0);
    /// assert_eq!(moved.value("of_change", "node", "new")?, 1.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn decompose(
        &self,
        before: &dyn Source,
        after: &dyn Source,
        split: Split,
    ) -> Result<DataFrame> {
        let mut names = BTreeSet::new();
        let mut leaves = vec![];
        self.check(&mut names, &mut leaves)?;
        let values = [row(before, "before", &leaves)?, row(after, "after", &leaves)?];
        let mut nodes = vec![];
        self.place(None, 0, &values, &mut 0, &mut nodes);
        for node in &nodes {
            for (frame, value) in [("before", node.before), ("after", node.after)] {
                if !value.is_finite() {
                    return Err(Error::column(frame, &node.name, "becomes too large a number"));
                }
            }
        }
        let contributions = contributions(&nodes, split)?;
        let whole = contributions[0];
        let each = |of: &dyn Fn(&Node) -> f64| nodes.iter().map(of).collect::<Vec<f64>>();
        let parents = nodes.iter().map(|node| node.parent.map(|at| nodes[at].name.clone()));
        let of_change = contributions.iter().map(|part| (whole != 0.0).then(|| part / whole));
        Ok(df!(
            "node" => nodes.iter().map(|node| node.name.clone()).collect::<Vec<_>>(),
            "parent" => parents.collect::<Vec<_>>(),
            "depth" => nodes.iter().map(|node| node.depth).collect::<Vec<_>>(),
            "kind" => nodes.iter().map(|node| node.kind).collect::<Vec<_>>(),
            "before" => each(&|node| node.before),
            "after" => each(&|node| node.after),
            "change" => each(&|node| node.after - node.before),
            "contribution" => &contributions,
            "of_change" => of_change.collect::<Vec<_>>(),
        )?)
    }

    /// That names are unique and no sum or product is empty; notes the leaves in their order.
    fn check<'t>(&'t self, names: &mut BTreeSet<&'t str>, leaves: &mut Vec<&'t str>) -> Result<()> {
        if !names.insert(&self.name) {
            return Err(Error::config("node", &self.name, "a name that no other node has"));
        }
        match &self.kind {
            Kind::Leaf => leaves.push(&self.name),
            Kind::Sum(parts) | Kind::Product(parts) if parts.is_empty() => {
                return Err(Error::config("node", &self.name, "a node with at least one part"));
            }
            Kind::Sum(_) | Kind::Product(_) => {}
        }
        self.parts().iter().try_for_each(|part| part.check(names, leaves))
    }

    /// Adds this node and those below it; `next` counts the leaves that have been placed.
    fn place(
        &self,
        parent: Option<usize>,
        depth: i64,
        leaves: &[Vec<f64>; 2],
        next: &mut usize,
        nodes: &mut Vec<Node>,
    ) -> usize {
        let own = nodes.len();
        let kind = match self.kind {
            Kind::Leaf => "leaf",
            Kind::Sum(_) => "sum",
            Kind::Product(_) => "product",
        };
        nodes.push(Node {
            name: self.name.clone(),
            parent,
            depth,
            kind,
            before: 0.0,
            after: 0.0,
            children: vec![],
        });
        let children: Vec<usize> = self
            .parts()
            .iter()
            .map(|part| part.place(Some(own), depth + 1, leaves, next, nodes))
            .collect();
        let value = |of: fn(&Node) -> f64, nodes: &[Node]| -> f64 {
            let parts = children.iter().map(|child| of(&nodes[*child]));
            if kind == "product" { parts.product() } else { parts.sum() }
        };
        if kind == "leaf" {
            (nodes[own].before, nodes[own].after) = (leaves[0][*next], leaves[1][*next]);
            *next += 1;
        } else {
            let found = (value(|node| node.before, nodes), value(|node| node.after, nodes));
            (nodes[own].before, nodes[own].after) = found;
        }
        nodes[own].children = children;
        own
    }
}

/// What each node adds to the change of the whole: its own change, times a multiplier that is handed down.
fn contributions(nodes: &[Node], split: Split) -> Result<Vec<f64>> {
    let mut multipliers = vec![1.0; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let own = multipliers[at];
        if node.kind == "sum" {
            node.children.iter().for_each(|child| multipliers[*child] = own);
        } else if node.kind == "product" {
            let of = |pick: fn(&Node) -> f64| -> Vec<f64> {
                node.children.iter().map(|child| pick(&nodes[*child])).collect()
            };
            let (before, after) = (of(|node| node.before), of(|node| node.after));
            let found = match split {
                Split::Shapley => shapley(&before, &after),
                Split::LogMean => {
                    for child in node.children.iter().map(|child| &nodes[*child]) {
                        for (frame, value) in [("before", child.before), ("after", child.after)] {
                            if value <= 0.0 {
                                let problem = format!(
                                    "is {value}: a factor must be above 0 for `Split::LogMean`; \
                                     `Split::Shapley` takes any"
                                );
                                return Err(Error::column(frame, &child.name, problem));
                            }
                        }
                    }
                    divisia(&before, &after)
                }
            };
            for (child, found) in node.children.iter().zip(found) {
                multipliers[*child] = own * found;
            }
        }
    }
    let parts = nodes.iter().zip(&multipliers).map(|(node, own)| own * (node.after - node.before));
    let parts: Vec<f64> = parts.collect();
    match parts.iter().position(|part| !part.is_finite()) {
        None => Ok(parts),
        Some(at) => Err(Error::column("after", &nodes[at].name, "moves too far to be split")),
    }
}

/// A frame's only row.
fn row(source: &dyn Source, name: &'static str, leaves: &[&str]) -> Result<Vec<f64>> {
    let frame = fetch(source, name, leaves)?;
    if frame.height() != 1 {
        return Err(Error::config(name, format!("{} rows", frame.height()), "exactly one row"));
    }
    leaves.iter().map(|leaf| Ok(finite(&frame, name, leaf)?[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;

    /// Revenue = (paid + organic) × conversion × (basket × price).
    fn revenue() -> MetricTree {
        MetricTree::product(
            "revenue",
            [
                MetricTree::sum("visitors", ["paid", "organic"]),
                MetricTree::leaf("conversion"),
                MetricTree::product("order value", ["basket", "price"]),
            ],
        )
    }

    fn numbers(values: [f64; 5]) -> DataFrame {
        let [paid, organic, conversion, basket, price] = values.map(|value| [value]);
        df!("price" => price, "paid" => paid, "organic" => organic, "conversion" => conversion, "basket" => basket)
            .unwrap()
    }

    #[test]
    fn the_parts_of_every_node_add_up_to_it() {
        let before = numbers([400.0, 600.0, 0.05, 2.0, 20.0]);
        let after = numbers([700.0, 300.0, 0.04, 2.5, 22.0]);
        for split in [Split::LogMean, Split::Shapley] {
            let moved = revenue().decompose(&before, &after, split).unwrap();
            let of = |node: &str| moved.value("contribution", "node", node).unwrap();
            assert!((of("revenue") - (1_000.0 * 0.04 * 55.0 - 1_000.0 * 0.05 * 40.0)).abs() < 1e-9);
            for (node, parts) in [
                ("revenue", &["visitors", "conversion", "order value"][..]),
                ("visitors", &["paid", "organic"]),
                ("order value", &["basket", "price"]),
            ] {
                let sum: f64 = parts.iter().map(|part| of(part)).sum();
                assert!((sum - of(node)).abs() < 1e-9, "{split:?}, {node}: {moved}");
            }
            // Visitors are as many as before: what paid ones added, organic ones took away.
            assert_eq!(of("visitors"), 0.0, "{moved}");
            assert!(of("paid") > 500.0 && (of("paid") + of("organic")).abs() < 1e-9, "{moved}");
        }
    }

    #[test]
    fn brackets_do_not_matter_to_the_logarithmic_mean() {
        let (before, after) =
            (numbers([400.0, 600.0, 0.05, 2.0, 20.0]), numbers([500.0, 100.0, 0.09, 1.0, 35.0]));
        let flat = MetricTree::product("all", ["paid", "organic", "conversion", "basket", "price"]);
        let nested = MetricTree::product(
            "all",
            [
                MetricTree::product("one", ["paid", "organic"]),
                MetricTree::product("two", ["conversion", "basket", "price"]),
            ],
        );
        let [flat, nested] =
            [flat, nested].map(|tree| tree.decompose(&before, &after, Split::LogMean).unwrap());
        for leaf in ["paid", "organic", "conversion", "basket", "price"] {
            let [a, b] =
                [&flat, &nested].map(|moved| moved.value("contribution", "node", leaf).unwrap());
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{leaf}: {a}, {b}");
        }
        assert_eq!(nested.value("depth", "node", "price").unwrap(), 2.0);
        assert_eq!(nested.text("parent", "node", "price").unwrap(), "two");
    }

    #[test]
    fn a_metric_that_did_not_move_has_no_shares() {
        let same = df!("new" => [3], "retained" => [4]).unwrap();
        let other = df!("new" => [4], "retained" => [3]).unwrap();
        let tree = MetricTree::sum("active", ["new", "retained"]);
        let moved = tree.decompose(&same, &other, Split::LogMean).unwrap();
        assert_eq!(moved.column("of_change").unwrap().null_count(), 3);
        assert_eq!(moved.value("contribution", "node", "new").unwrap(), 1.0);
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        let good = numbers([400.0, 600.0, 0.05, 2.0, 20.0]);
        let none = numbers([400.0, 600.0, 0.0, 2.0, 20.0]);
        let refused = |tree: &MetricTree, before: &DataFrame, after: &DataFrame| {
            tree.decompose(before, after, Split::LogMean).unwrap_err().to_string()
        };
        for (message, said) in [
            (refused(&revenue(), &good, &none), "column `conversion` of the after frame is 0"),
            (refused(&revenue(), &good.drop("paid").unwrap(), &good), "paid"),
            (refused(&revenue(), &good.clear(), &good), "0 rows"),
            (refused(&MetricTree::sum("a", ["b", "a"]), &good, &good), "`node` is a"),
            (refused(&MetricTree::sum("a", [""; 0]), &good, &good), "at least one part"),
            (
                refused(&revenue(), &numbers([1e300, 0.0, 1.0, 1e300, 1.0]), &good),
                "column `revenue` of the before frame becomes too large",
            ),
        ] {
            assert!(message.contains(said), "{message}");
        }
        let moved = revenue().decompose(&good, &none, Split::Shapley).unwrap();
        assert_eq!(moved.value("contribution", "node", "revenue").unwrap(), -2_000.0);
    }
}
