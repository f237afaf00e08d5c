//! A finished chart, and the look that all charts share.

pub mod theme;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg;

use crate::error::{Error, Result};

/// PNGs are drawn at this many pixels per unit, so that they stay sharp on dense screens and in print.
const SCALE: u32 = 2;
/// Pixels per metre at SCALE = 1 (72 dpi). A PNG says in its header how large it is meant to be; the
/// notebook runner reads its width from there.
const PIXELS_PER_METRE: u32 = 2_835;

/// A chart: an SVG drawing, its size and its description in words.
///
/// In a notebook it shows as a PNG, which every notebook viewer displays, with the description as the output's plain
/// text.
#[derive(Clone, PartialEq)]
pub struct Figure {
    svg: String,
    width: u32,
    height: u32,
    alt: String,
}

/// Prints the description, because the drawing itself is long and tells a reader nothing.
impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Figure({} x {}: {})", self.width, self.height, self.alt)
    }
}

impl Figure {
    pub(crate) fn new(svg: String, (width, height): (u32, u32), alt: String) -> Figure {
        Figure { svg, width, height, alt }
    }

    /// Returns the description for readers who cannot see the chart: the finding and the range of the data.
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// Returns the drawing. Text stays text, in the bundled font with common fallbacks.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// Returns width and height in CSS pixels; the PNG has twice as many.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Returns the drawing as PNG, at twice its size, with the bundled font: the same bytes on every machine.
    ///
    /// # Errors
    /// [`ErrorKind::Figure`](crate::ErrorKind::Figure) if the drawing cannot be rendered.
    pub fn png(&self) -> Result<Vec<u8>> {
        let tree = usvg::Tree::from_str(&self.svg, &OPTIONS).map_err(Error::figure)?;
        let mut pixels = Pixmap::new(self.width * SCALE, self.height * SCALE)
            .ok_or_else(|| Error::figure("its size is 0 or too large for memory"))?;
        pixels.fill(Color::WHITE);
        let scale = Transform::from_scale(SCALE as f32, SCALE as f32);
        resvg::render(&tree, scale, &mut pixels.as_mut());
        encode(&pixels)
    }

    pub(crate) fn png_base64(&self) -> Result<String> {
        Ok(base64::engine::general_purpose::STANDARD.encode(self.png()?))
    }

    /// Writes the chart to a file: `.svg` or `.png`. An earlier file stays until the new one is complete.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) if the file cannot be written or has another extension.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => self.svg.clone().into_bytes(),
            Some("png") => self.png()?,
            _ => {
                return Err(Error::file("write", path, "the name must end in .svg or .png"));
            }
        };
        crate::output::write(path, &bytes)
    }
}

/// Only the bundled font, so that no machine's own fonts change a picture.
static OPTIONS: LazyLock<usvg::Options<'static>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    for bytes in theme::FONT_FILES {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(bytes)));
    }
    fonts.set_sans_serif_family(theme::FONT);
    usvg::Options {
        font_family: theme::FONT.into(),
        fontdb: Arc::new(fonts),
        ..usvg::Options::default()
    }
});

/// Encodes an indexed PNG with the most frequent colours: charts have few, and the file is a third as large.
fn encode(pixels: &Pixmap) -> Result<Vec<u8>> {
    // A chart is mostly runs of one colour, and the maps are asked once for each.
    let runs: Vec<([u8; 3], usize)> = pixels
        .pixels()
        .chunk_by(|one, next| one == next)
        .map(|run| ([run[0].red(), run[0].green(), run[0].blue()], run.len()))
        .collect();
    let mut counts = std::collections::BTreeMap::<[u8; 3], usize>::new();
    for (colour, length) in &runs {
        *counts.entry(*colour).or_default() += length;
    }
    let mut frequent: Vec<([u8; 3], usize)> = counts.iter().map(|(c, n)| (*c, *n)).collect();
    frequent.sort_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
    let palette: Vec<[u8; 3]> = frequent.iter().take(256).map(|(colour, _)| *colour).collect();
    let index: std::collections::BTreeMap<[u8; 3], u8> =
        counts.keys().map(|colour| (*colour, nearest(&palette, *colour))).collect();
    let indexed: Vec<u8> = runs
        .iter()
        .flat_map(|(colour, length)| std::iter::repeat_n(index[colour], *length))
        .collect();

    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: PIXELS_PER_METRE * SCALE,
        yppu: PIXELS_PER_METRE * SCALE,
        unit: png::Unit::Meter,
    }));
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&indexed))
        .map_err(Error::figure)?;
    Ok(bytes)
}

/// Returns the palette index (of at most 256 colours) of the closest colour.
fn nearest(palette: &[[u8; 3]], colour: [u8; 3]) -> u8 {
    let distance = |other: &[u8; 3]| -> i32 {
        (0..3).map(|i| (i32::from(other[i]) - i32::from(colour[i])).pow(2)).sum()
    };
    let best = palette.iter().enumerate().min_by_key(|(_, other)| distance(other));
    best.map_or(0, |(place, _)| place as u8)
}
