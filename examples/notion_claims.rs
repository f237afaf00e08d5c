//! Shows what the Notion-style data says about each claim, over many seeds: mean, spread, and the furthest value.
//!
//! ```sh
//! cargo run --example notion_claims -- 30
//! ```

#[path = "../tests/support/claims.rs"]
mod claims;

use casebook::prelude::*;

fn main() -> Result<()> {
    let seeds = std::env::args().nth(1).and_then(|seeds| seeds.parse().ok()).unwrap_or(30);
    for (name, preset) in
        [("claims", notion::Config::default()), ("sticky", notion::Config::sticky())]
    {
        println!("preset {name}: {} users, {seeds} seeds", preset.users);
        println!("| claim | expected | tolerance | mean | spread | lowest | highest | met |");
        println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for row in claims::over_seeds(&preset, 1..=seeds)? {
            println!("{row}");
        }
    }
    Ok(())
}
