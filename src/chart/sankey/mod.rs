//! Sankey diagrams: what flows from where to where.

mod graph;
mod layout;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::apart::apart;
use super::canvas::{Canvas, Text};
use super::label::short;
use super::{Frame, Labels, Unit, labels, left_out, theme};
use crate::error::{Error, Result};
use crate::figure::Figure;
use graph::{Flows, Graph, Link};
use layout::{Layout, Stop};

/// Builds a Sankey diagram: see [`sankey`].
#[derive(Debug, Clone)]
pub struct Sankey<'f> {
    flows: Flows<'f>,
    headings: Vec<String>,
    labels: Labels,
}

/// Begins a Sankey diagram: flows from `source` to `target`, each as wide as its `count`. Nodes are as tall as what
/// flows through them, and stand one layer to the right of those from which something flows in, in an order in which
/// few flows cross. Rows for the same flow add up.
///
/// ```
/// use casebook::prelude::*;
///
/// let flows = df!(
///     "from" => ["Ads", "Ads", "Search", "Search", "Activated", "Activated"],
///     "to" => ["Activated", "Left", "Activated", "Left", "Paying", "Free"],
///     "users" => [900, 2_100, 1_400, 600, 700, 1_600],
/// )?;
/// let figure = chart::sankey(&flows, "from", "to", "users")
///     .title("Search brings fewer people than ads, and more who activate")
///     .labels("", "Users, first month")
///     .draw()?;
/// assert!(figure.alt().contains("Ads to Left 2,100"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn sankey<'f>(frame: &'f DataFrame, source: &str, target: &str, count: &str) -> Sankey<'f> {
    Sankey {
        flows: Flows {
            frame,
            source: source.into(),
            target: target.into(),
            count: count.into(),
            stage: None,
        },
        headings: vec![],
        labels: Labels::new("", count),
    }
}

labels!(Sankey);

impl Sankey<'_> {
    /// Takes from a column which stage each flow starts from; it ends in the next. The same name in another stage is then
    /// another node, so that states can be left and come back to.
    pub fn stages(mut self, column: &str) -> Self {
        self.flows.stage = Some(column.into());
        self
    }

    /// Writes what each layer of nodes is below it, from left to right.
    pub fn headings<S: Into<String>>(mut self, headings: impl IntoIterator<Item = S>) -> Self {
        self.headings = headings.into_iter().map(|heading| short(&heading.into())).collect();
        self
    }

    /// Draws the chart. [`unit`](Sankey::unit) is the unit of the counts.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for counts that are not numbers, or below 0; for flows that lead in a circle, without
    /// [`stages`](Sankey::stages); for stages that are not whole numbers, or more than 50. A size out of range; more than
    /// 2,000 flows; another number of headings than of layers.
    pub fn draw(self) -> Result<Figure> {
        let graph = Graph::new(&self.flows)?;
        let layers = graph.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
        if !self.headings.is_empty() && layers > 0 && self.headings.len() != layers {
            let accepted = format!("one for each layer, {layers}");
            return Err(Error::config("headings", self.headings.len(), accepted));
        }
        let summary = summary(&graph, layers, self.labels.unit);
        self.labels.figure("Sankey diagram", summary, |canvas| self.paint(canvas, &graph))
    }

    fn paint(&self, canvas: &Canvas, graph: &Graph) -> Result<()> {
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(graph.left_out))?;
        frame.top += 4.0;
        if self.headings.is_empty() {
            frame.bottom += 14.0; // no ticks below
        }
        let layout = Layout::new(graph, (frame.top, frame.bottom), 14.0);
        let texts = Texts::new(graph, &layout, self.labels.unit, canvas.width, &frame);
        let last = layout.layers - 1;
        let (left, right) = (frame.left + texts.beside[0], frame.right - texts.beside[1]);
        let step = (right - left - NODE) / (last.max(1) as f64);
        let x = |layer: usize| left + step * layer as f64;
        let colours = colours(graph);
        // Wide flows first: narrow ones stay visible on top.
        let mut drawn: Vec<usize> = (0..graph.links.len()).collect();
        drawn.sort_by(|a, b| graph.links[*b].count.total_cmp(&graph.links[*a].count));
        let most = graph.links.iter().map(|link| link.count).fold(f64::MIN_POSITIVE, f64::max);
        for link in drawn {
            let thick = (graph.links[link].count / most * layout.scale).max(0.6);
            let outline = ribbon(&layout, &layout.paths[link], thick, x);
            canvas.area(&outline, colours[graph.links[link].from], 0.38)?;
        }
        for (node, place) in layout.places.iter().enumerate().take(graph.nodes.len()) {
            let at = (x(place.layer), place.y);
            canvas.rect(at, (at.0 + NODE, at.1 + place.height.max(1.5)), colours[node])?;
        }
        texts.paint(canvas, graph, &layout, &frame, step, x)?;
        let heading = Text::new(theme::TICK, theme::MUTED).bold();
        for (layer, text) in self.headings.iter().enumerate() {
            let text = heading.fit(text, (step - 8.0).max(canvas.width / (last + 1) as f64 - 8.0));
            let half = heading.width(&text) / 2.0;
            let centre = (x(layer) + NODE / 2.0).clamp(frame.left + half, frame.right - half);
            let style = heading.at(HPos::Center, VPos::Center);
            canvas.text(&text, (centre, frame.bottom + 13.0), style)?;
        }
        Ok(())
    }
}

/// How wide a node is.
const NODE: f64 = 12.0;

/// Each node's colour: that of its name if there are few from which something flows; grey where nothing does.
fn colours(graph: &Graph) -> Vec<RGBColor> {
    let mut names: Vec<&str> = vec![];
    for link in &graph.links {
        let name = graph.nodes[link.from].name.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // The last of the colours is grey.
    let few = names.len() < theme::COLOURS.len();
    let colour = |node: &graph::Node| match names.iter().position(|name| *name == node.name) {
        Some(index) => theme::colour(if few { index } else { 0 }),
        None => theme::AXIS,
    };
    graph.nodes.iter().map(colour).collect()
}

/// The outline of a flow: its upper edge from left to right, its lower edge back.
fn ribbon(layout: &Layout, path: &[Stop], thick: f64, x: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    const STEPS: i32 = 24;
    let mut upper: Vec<(f64, f64)> = vec![];
    for pair in path.windows(2) {
        let at = |stop: &Stop| x(layout.places[stop.place].layer);
        let (from, to) = ((at(&pair[0]) + NODE, pair[0].y), (at(&pair[1]), pair[1].y));
        upper.extend((0..=STEPS).map(|step| {
            let t = f64::from(step) / f64::from(STEPS);
            let eased = t * t * (3.0 - 2.0 * t);
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * eased)
        }));
    }
    let lower: Vec<(f64, f64)> = upper.iter().rev().map(|(x, y)| (*x, y + thick)).collect();
    upper.into_iter().chain(lower).collect()
}

/// Names and counts of nodes: left of the first layer, right of the others.
struct Texts {
    counts: Vec<String>,
    /// Name and count below each other instead of side by side.
    stacked: bool,
    /// The room left of the first layer and right of the last.
    beside: [f64; 2],
}

impl Texts {
    fn new(graph: &Graph, layout: &Layout, unit: Unit, width: f64, frame: &Frame) -> Texts {
        // What comes in, or goes out if that is more: the first stage has no arrivals, the last none that leave.
        let volume = |node: usize| {
            let of = |end: fn(&Link) -> usize| {
                let links = graph.links.iter().filter(move |link| end(link) == node);
                links.map(|link| link.count).sum::<f64>()
            };
            of(|link| link.from).max(of(|link| link.to))
        };
        let counts: Vec<String> = (0..graph.nodes.len())
            .map(|node| unit.text(volume(node).min(f64::MAX)))
            .map(|text| text.replace("inf", "more"))
            .collect();
        let most_room = width * 0.26;
        let line =
            |node: usize| NAME.width(&graph.nodes[node].name) + 6.0 + count().width(&counts[node]);
        let of = |layer: usize| {
            let nodes =
                (0..graph.nodes.len()).filter(move |node| graph.nodes[*node].layer == layer);
            nodes.map(line).fold(0.0, f64::max)
        };
        let last = layout.layers - 1;
        let widest = [of(0), if last > 0 { of(last) } else { 0.0 }];
        let tallest = (0..layout.layers)
            .map(|layer| graph.nodes.iter().filter(|node| node.layer == layer).count())
            .max()
            .unwrap_or(0) as f64;
        let roomy = tallest * STACKED <= frame.bottom - frame.top;
        let stacked = widest.iter().any(|wide| *wide > most_room) && roomy;
        let beside = [0, last].map(|layer| {
            let nodes = (0..graph.nodes.len()).filter(|node| graph.nodes[*node].layer == layer);
            let wide = |node: usize| match stacked {
                true => NAME.width(&graph.nodes[node].name).max(count().width(&counts[node])),
                false => line(node),
            };
            nodes.map(wide).fold(0.0, f64::max).min(most_room) + 8.0
        });
        Texts { counts, stacked, beside }
    }

    fn paint(
        &self,
        canvas: &Canvas,
        graph: &Graph,
        layout: &Layout,
        frame: &Frame,
        step: f64,
        x: impl Fn(usize) -> f64,
    ) -> Result<()> {
        let last = layout.layers - 1;
        let gap = if self.stacked { STACKED } else { SINGLE };
        for layer in 0..layout.layers {
            let mut nodes: Vec<usize> =
                (0..graph.nodes.len()).filter(|node| graph.nodes[*node].layer == layer).collect();
            // Only the largest, if there is no room for all.
            let room = ((frame.bottom - frame.top) / gap + 1.0) as usize;
            nodes.sort_by(|a, b| layout.places[*b].size.total_cmp(&layout.places[*a].size));
            nodes.truncate(room.max(1));
            let centre = |node: &usize| {
                let place = &layout.places[*node];
                place.y + place.height / 2.0
            };
            let centres: Vec<f64> = nodes.iter().map(centre).collect();
            let half = gap / 2.0 - 1.0;
            let placed = apart(&centres, gap, (frame.top + half, frame.bottom - half));
            for (node, y) in nodes.iter().zip(placed) {
                let left = layer == 0 && last > 0;
                let room = match layer {
                    0 if left => self.beside[0] - 8.0,
                    _ if layer == last => self.beside[1] - 8.0,
                    _ => step - NODE - 12.0,
                };
                let at = if left { x(layer) - 7.0 } else { x(layer) + NODE + 6.0 };
                let over = !left && layer < last;
                let (name, number) = (&graph.nodes[*node].name, &self.counts[*node]);
                self.paint_one(canvas, (name, number), (at, y), room, (left, over))?;
            }
        }
        Ok(())
    }

    fn paint_one(
        &self,
        canvas: &Canvas,
        (name, number): (&str, &str),
        (x, y): (f64, f64),
        room: f64,
        (left, over): (bool, bool),
    ) -> Result<()> {
        let h = if left { HPos::Right } else { HPos::Left };
        let (strong, weak) = (NAME.at(h, VPos::Center), count().at(h, VPos::Center));
        let number = weak.fit(number, room);
        let beside = weak.width(&number) + 6.0;
        let name = strong.fit(name, if self.stacked { room } else { room - beside });
        let wide = match self.stacked {
            true => strong.width(&name).max(weak.width(&number)),
            false => strong.width(&name) + beside,
        };
        if over {
            // Flows pass behind: the text must stay readable.
            let half = if self.stacked { STACKED } else { SINGLE } / 2.0 - 0.5;
            let (a, b) = ((x - 3.0, y - half), (x + wide + 3.0, y + half));
            canvas.area(&[a, (b.0, a.1), b, (a.0, b.1)], theme::PAPER, 0.72)?;
        }
        if self.stacked {
            canvas.text(&name, (x, y - 7.0), strong)?;
            return canvas.text(&number, (x, y + 7.0), weak);
        }
        let (first, second) =
            if left { (x - beside, x) } else { (x, x + strong.width(&name) + 6.0) };
        canvas.text(&name, (first, y), strong)?;
        canvas.text(&number, (second, y), weak)
    }
}

/// The height of a label in one line, and in two.
const SINGLE: f64 = 16.0;
const STACKED: f64 = 29.0;
const NAME: Text =
    Text { size: theme::TICK, bold: true, colour: theme::INK, h: HPos::Left, v: VPos::Center };

fn count() -> Text {
    Text { bold: false, colour: theme::MUTED, ..NAME }
}

/// In words: how many flows, and the largest. `None` without any.
fn summary(graph: &Graph, layers: usize, unit: Unit) -> Option<String> {
    let mut order: Vec<&graph::Link> = graph.links.iter().collect();
    order.sort_by(|a, b| b.count.total_cmp(&a.count));
    let flow = |link: &&graph::Link| {
        let (from, to) = (&graph.nodes[link.from].name, &graph.nodes[link.to].name);
        format!("{from} to {to} {}", unit.text(link.count))
    };
    let largest: Vec<String> = order.iter().take(6).map(flow).collect();
    let flows = if order.len() == 1 { "flow" } else { "flows" };
    let many =
        format!("{} {flows} between {} nodes in {layers} layers", order.len(), graph.nodes.len());
    (!largest.is_empty()).then(|| format!("{many}. Largest: {}.", largest.join("; ")))
}
