//! Every kind of chart, for the page docs/charts.md: `cargo run --example gallery -- FOLDER` draws them as PNG files, and
//! prints name and description of each.

use casebook::prelude::*;

mod amounts;
mod change;
mod distributions;
mod estimates;
mod flows;
mod relations;
mod structure;

type Drawing = (&'static str, fn() -> Result<Figure>);

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/gallery".into());
    std::fs::create_dir_all(&folder).map_err(PolarsError::from)?;
    let all = [
        amounts::ALL,
        change::ALL,
        estimates::ALL,
        distributions::ALL,
        relations::ALL,
        flows::ALL,
        structure::ALL,
    ];
    for (name, draw) in all.concat() {
        let figure = draw()?;
        figure.save(format!("{folder}/{name}.png"))?;
        println!("{name}\t{}", figure.alt());
    }
    Ok(())
}
