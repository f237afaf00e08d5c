//! The look that all charts share.

use plotters::style::{FontStyle, RGBColor, register_font};
use std::sync::Once;

/// The bundled font's family name: Open Sans, under the Apache License 2.0.
pub const FONT: &str = "Open Sans";

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/OpenSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/OpenSans-Semibold.ttf");

pub(crate) const FONT_FILES: [&[u8]; 2] = [REGULAR, BOLD];

/// Series colours, in order of use: Okabe and Ito's palette, which people with any of the common
/// colour-vision deficiencies can tell apart. Its yellow is left out: it vanishes on white.
///
/// # Source
/// M. Okabe and K. Ito (2008), "Color Universal Design".
pub const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),   // blue
    RGBColor(213, 94, 0),    // vermilion
    RGBColor(0, 158, 115),   // bluish green
    RGBColor(204, 121, 167), // reddish purple
    RGBColor(230, 159, 0),   // orange
    RGBColor(86, 180, 233),  // sky blue
    RGBColor(90, 90, 90),    // grey
];

/// Returns the colour of series number `index`.
pub fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Tells whether series number `index` is drawn with a broken line: colours repeat after the last, and two series of
/// the same colour must not look the same.
pub fn broken(index: usize) -> bool {
    index / COLOURS.len() % 2 == 1
}

/// Titles and values.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Axis labels and notes.
pub const MUTED: RGBColor = RGBColor(95, 95, 95);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(226, 226, 226);
/// The line at 0.
pub const AXIS: RGBColor = RGBColor(120, 120, 120);
/// Series that stand behind a highlighted one.
pub const FADED: RGBColor = RGBColor(180, 180, 180);
/// Cells without a value.
pub const EMPTY: RGBColor = RGBColor(240, 240, 240);
/// The page.
pub const PAPER: RGBColor = RGBColor(255, 255, 255);

/// Text sizes in CSS pixels.
pub const TITLE: f64 = 16.0;
/// See [`TITLE`].
pub const LABEL: f64 = 13.0;
/// See [`TITLE`].
pub const TICK: f64 = 12.0;

/// Returns a heat map's colour for a value from 0 to 1, evenly from light to dark. A single hue that only darkens reads
/// the same in grey.
pub fn shade(share: f64) -> RGBColor {
    const LOW: [f64; 3] = [232.0, 241.0, 250.0];
    const HIGH: [f64; 3] = [8.0, 64.0, 120.0];
    let share = share.clamp(0.0, 1.0);
    let mix = |i: usize| (LOW[i] + (HIGH[i] - LOW[i]) * share).round() as u8; // 8 to 250
    RGBColor(mix(0), mix(1), mix(2))
}

/// Returns a heat map's colour for a value from −1 to 1: orange below 0, white at 0, blue above, equally dark at equal
/// distance. People with any common colour blindness can tell the two hues apart.
pub fn signed_shade(share: f64) -> RGBColor {
    const BELOW: [f64; 3] = [160.0, 70.0, 0.0];
    const ABOVE: [f64; 3] = [8.0, 64.0, 120.0];
    let end = if share < 0.0 { BELOW } else { ABOVE };
    let far = share.abs().min(1.0);
    let mix = |i: usize| (255.0 + (end[i] - 255.0) * far).round() as u8; // 0 to 255
    RGBColor(mix(0), mix(1), mix(2))
}

/// Computes relative luminance as WCAG 2 defines it, from 0 to 1.
fn luminance(RGBColor(r, g, b): RGBColor) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// Computes the contrast of two colours as WCAG 2 defines it, from 1 to 21.
fn contrast(a: RGBColor, b: RGBColor) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Returns the colour of a text on such a ground: [`INK`] or [`PAPER`], whichever stands out more.
pub(crate) fn ink_on(ground: RGBColor) -> RGBColor {
    if contrast(INK, ground) >= contrast(PAPER, ground) { INK } else { PAPER }
}

/// Registers the font with plotters, which measures text with it.
pub(crate) fn prepare_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // The files are part of the program; a broken one shows in the tests.
        let _ = register_font(FONT, FontStyle::Normal, REGULAR);
        let _ = register_font(FONT, FontStyle::Bold, BOLD);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_readable_on_paper() {
        for colour in [INK, MUTED] {
            assert!(contrast(colour, PAPER) >= 4.5, "{colour:?}");
        }
    }

    #[test]
    fn text_on_any_shade_is_readable() {
        for i in -100..=100 {
            let share = f64::from(i) / 100.0;
            for ground in [shade(share), signed_shade(share)] {
                let found = contrast(ink_on(ground), ground);
                assert!(found >= 3.9, "{found:.2} on {ground:?}");
            }
        }
    }

    #[test]
    fn signed_shades_darken_to_both_sides() {
        for side in [-1.0, 1.0] {
            let step = |i: u32| luminance(signed_shade(side * f64::from(i) / 20.0));
            assert!((1..=20).all(|i| step(i) < step(i - 1)));
        }
        assert_eq!(signed_shade(0.0), PAPER);
        let ends = contrast(signed_shade(-1.0), signed_shade(1.0));
        assert!(ends < 2.0, "one side looks stronger than the other: {ends}");
    }

    #[test]
    fn shades_only_darken() {
        let steps: Vec<f64> = (0..=20).map(|i| luminance(shade(f64::from(i) / 20.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[1] < pair[0]), "{steps:?}");
    }
}
