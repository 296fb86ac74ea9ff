//! Connections as a picture: who is there (`model`), where everything stands (`layout`), and the forms
//! it is painted in.

mod dot;
mod html;
mod layout;
mod model;
mod paint;
#[cfg(test)]
mod sample;
mod svg;
#[cfg(test)]
mod tests;

pub(crate) use dot::dot;
pub(crate) use html::html;
pub(crate) use model::{Graph, Roll};
pub(crate) use svg::svg;
