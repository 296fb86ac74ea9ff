//! A picture as SVG that needs nothing from elsewhere.

use super::{
    layout::Layout,
    model::{Graph, Nature},
    paint,
};
use std::{fmt, io::Write};

/// Writes `graph` as an SVG document.
pub(crate) fn svg(graph: &Graph, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    document(graph, true, &mut text)?;
    out.write_all(text.as_bytes())?;
    Ok(())
}

/// The `svg` element, with its style inside where it stands for itself.
pub(super) fn document(graph: &Graph, has_style: bool, out: &mut String) -> fmt::Result {
    use fmt::Write;
    let layout = Layout::of(graph);
    let legend = paint::LEGEND * Nature::ALL.len() as f64;
    let (width, height) = (layout.width.max(legend).ceil(), (layout.height + 48.0).ceil());
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"picture-title picture-words\">\n\
         <title id=\"picture-title\">Who may talk to whom</title>\n\
         <desc id=\"picture-words\">{}</desc>",
        paint::escape(&paint::description(graph))
    )?;
    if has_style {
        writeln!(out, "<style>{}</style>", paint::STYLE)?;
    }
    writeln!(out, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>")?;
    paint::elements(graph, &layout, out)?;
    paint::legend(graph, layout.height + 12.0, out)?;
    let note = if graph.is_by_namespace {
        "Some pod of a label's sources may reach some pod of its destinations, on its ports."
    } else {
        "Every source of a label may reach every destination of it, on its ports."
    };
    let rest = if graph.is_whole { " What is not drawn is denied." } else { "" };
    writeln!(
        out,
        "<text class=\"note\" x=\"16\" y=\"{:.1}\">{note}{rest}</text>\n</svg>",
        layout.height + 34.0
    )
}
