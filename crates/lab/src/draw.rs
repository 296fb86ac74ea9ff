//! Drawing a matrix for a terminal.

use crate::matrix::{Cell, CellState, Column, Matrix};
use std::fmt::Write as _;

/// How a cell is drawn. Shapes differ too, so that nothing depends on colour.
struct Sign {
    state: CellState,
    shape: &'static str,
    /// Select Graphic Rendition (ECMA-48, 8.3.117).
    colour: &'static str,
    meaning: &'static str,
}

const SIGNS: [Sign; 5] = [
    Sign { state: CellState::Allowed, shape: "●", colour: "32", meaning: "allowed" },
    Sign { state: CellState::Denied, shape: "·", colour: "2", meaning: "denied" },
    Sign { state: CellState::Mixed, shape: "◐", colour: "33", meaning: "one address family only" },
    Sign {
        state: CellState::Different,
        shape: "✘",
        colour: "1;37;41",
        meaning: "THE KERNEL AND THE CORE DIFFER",
    },
    Sign { state: CellState::Empty, shape: " ", colour: "0", meaning: "" },
];

/// Columns that a cell takes: a space and up to three digits above it.
const CELL: usize = 4;

/// Draws `matrix` at most `width` characters wide, in several parts when it is wider. Columns are
/// numbered, and named below.
#[must_use]
pub fn draw(matrix: &Matrix, colour: bool, width: usize) -> String {
    let label = matrix.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0);
    let columns_fit = (width.saturating_sub(label) / CELL).max(4);
    let mut text = String::new();
    let numbers: Vec<usize> = (0..matrix.columns.len()).collect();
    for part in numbers.chunks(columns_fit) {
        draw_part(&mut text, matrix, part, label, colour);
        text.push('\n');
    }
    for (number, column) in matrix.columns.iter().enumerate() {
        let _ = writeln!(text, "{:>CELL$}  {}", number + 1, name(column));
    }
    text.push('\n');
    let used = |sign: &&Sign| {
        !sign.meaning.is_empty() && matrix.cells.iter().flatten().any(|cell| cell.state() == sign.state)
    };
    let meanings: Vec<String> = SIGNS
        .iter()
        .filter(used)
        .map(|sign| format!("{} {}", painted(sign.shape, sign.colour, colour), sign.meaning))
        .collect();
    let _ = writeln!(text, "{}", meanings.join("   "));
    text
}

fn draw_part(text: &mut String, matrix: &Matrix, part: &[usize], label: usize, colour: bool) {
    let _ = write!(text, "{:label$}", "");
    for number in part {
        let _ = write!(text, "{:>CELL$}", number + 1);
    }
    text.push('\n');
    for (row, cells) in matrix.rows.iter().zip(&matrix.cells) {
        let _ = write!(text, "{row:label$}");
        for number in part {
            let cell = cells.get(*number).copied().unwrap_or_default();
            let _ = write!(text, "{:pad$}{}", "", sign(cell, colour), pad = CELL - 1);
        }
        // Spaces at the end of a line are noise in a file.
        let kept = text.trim_end_matches(' ').len();
        text.truncate(kept);
        text.push('\n');
    }
}

fn sign(cell: Cell, colour: bool) -> String {
    let state = cell.state();
    let sign = SIGNS.iter().find(|sign| sign.state == state);
    sign.map_or_else(String::new, |sign| {
        painted(sign.shape, sign.colour, colour && state != CellState::Empty)
    })
}

fn painted(shape: &str, code: &str, colour: bool) -> String {
    if colour { format!("\u{1b}[{code}m{shape}\u{1b}[0m") } else { shape.to_owned() }
}

fn name(column: &Column) -> String {
    format!("{} {}", column.to, column.traffic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Matrix {
        let cell = |allowed, denied, different| Cell { allowed, denied, different };
        Matrix {
            rows: vec!["shop/web".into(), "outside 1.0.0.1".into()],
            columns: vec![
                Column { to: "shop/api".into(), traffic: "TCP/8080".into() },
                Column { to: "shop/db".into(), traffic: "TCP/5432".into() },
            ],
            cells: vec![vec![cell(2, 0, 0), cell(0, 2, 0)], vec![cell(1, 1, 0), cell(0, 2, 1)]],
        }
    }

    #[test]
    fn a_matrix_without_colour() {
        let expect = "                  1   2
shop/web          ●   ·
outside 1.0.0.1   ◐   ✘

   1  shop/api TCP/8080
   2  shop/db TCP/5432

● allowed   · denied   ◐ one address family only   ✘ THE KERNEL AND THE CORE DIFFER
";
        assert_eq!(draw(&matrix(), false, 80), expect);
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let coloured = draw(&matrix(), true, 80);
        assert!(coloured.contains("\u{1b}[1;37;41m✘\u{1b}[0m"));
        let codes =
            SIGNS.iter().map(|sign| format!("\u{1b}[{}m", sign.colour)).chain(["\u{1b}[0m".to_owned()]);
        let plain = codes.fold(coloured, |text, code| text.replace(&code, ""));
        assert_eq!(plain, draw(&matrix(), false, 80));
    }

    #[test]
    fn a_wide_matrix_is_drawn_in_parts() {
        let column = |number: usize| Column { to: format!("shop/{number}"), traffic: "TCP/1".into() };
        let matrix = Matrix {
            rows: vec!["shop/web".into()],
            columns: (0..10).map(column).collect(),
            cells: vec![vec![Cell { allowed: 1, ..Cell::default() }; 10]],
        };
        let text = draw(&matrix, false, 40);
        assert_eq!(text.lines().filter(|line| line.starts_with("shop/web")).count(), 2);
        assert!(text.lines().all(|line| line.chars().count() <= 40));
    }
}
