//! Comma-separated values as spreadsheets write them (RFC 4180): cells in quotes, and semicolons or tabs where the system's
//! language uses the comma for numbers.

use alloc::string::String;
use alloc::vec::Vec;

/// A line of a table. An end of line inside of quotes belongs to its cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it begins, counted from 1.
    pub(super) number: usize,
    /// Its cells, without quotes and without blanks around them.
    pub(super) cells: Vec<String>,
}

/// A cell that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadCell {
    /// The line, counted from 1.
    pub(super) line: usize,
    /// The cell, counted from 1.
    pub(super) column: usize,
    /// What is wrong with it, and what was expected.
    pub(super) what: &'static str,
}

/// What stands between the cells: whichever of the three the first line has most of.
fn separator(text: &str) -> char {
    let head = text.lines().next().unwrap_or_default();
    let count = |c: char| head.matches(c).count();
    [';', '\t'].into_iter().filter(|c| count(*c) > count(',')).max_by_key(|c| count(*c)).unwrap_or(',')
}

/// All lines in which something stands.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, BadCell> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let between = separator(text);
    let mut lines = Vec::new();
    let mut chars = text.chars().peekable();
    let mut at = 1;
    while chars.peek().is_some() {
        let number = at;
        let mut cells: Vec<String> = Vec::new();
        loop {
            let column = cells.len() + 1;
            let wrong = |line, what| BadCell { line, column, what };
            let mut cell = String::new();
            while chars.next_if_eq(&' ').is_some() {}
            if chars.next_if_eq(&'"').is_some() {
                let begun = at;
                loop {
                    match chars.next() {
                        None => {
                            let what = "its quote never ends: expected another one behind the text";
                            return Err(wrong(begun, what));
                        }
                        Some('"') if chars.next_if_eq(&'"').is_none() => break,
                        Some(c) => {
                            at += usize::from(c == '\n');
                            cell.push(c);
                        }
                    }
                }
                while chars.next_if_eq(&' ').is_some() {}
                if chars.peek().is_some_and(|c| *c != between && *c != '\n' && *c != '\r') {
                    let what = "something stands behind its quotes: expected the whole cell inside of them";
                    return Err(wrong(at, what));
                }
            } else {
                while let Some(c) = chars.next_if(|c| *c != between && *c != '\n' && *c != '\r') {
                    cell.push(c);
                }
            }
            cells.push(cell.trim().into());
            if chars.next_if_eq(&between).is_none() {
                break;
            }
        }
        chars.next_if_eq(&'\r');
        chars.next_if_eq(&'\n');
        at += 1;
        if cells.iter().any(|cell| !cell.is_empty()) {
            lines.push(Line { number, cells });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        lines(text).unwrap().into_iter().map(|line| (line.number, line.cells)).collect()
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| String::from(*cell)).collect()
    }

    #[test]
    fn tables_of_every_program_are_read() {
        let wanted =
            [(1, cells(&["id", "label"])), (2, cells(&["7", "Flat \"3\", left"])), (4, cells(&["8", ""]))];
        for text in [
            "id,label\n7,\"Flat \"\"3\"\", left\"\n\n8,\n",
            "\u{feff}id,label\r\n7,\"Flat \"\"3\"\", left\"\r\n,\r\n8,",
            "id;label\n7 ; \"Flat \"\"3\"\", left\" \n;;\n8;\n",
            "id\tlabel\n 7\tFlat \"3\", left\n\t\n8\t",
        ] {
            assert_eq!(read(text), wanted, "{text:?}");
        }
        assert_eq!(read(""), []);
        assert_eq!(
            read("a,b\n\"two\nlines\",x\n3,y"),
            [(1, cells(&["a", "b"])), (2, cells(&["two\nlines", "x"])), (4, cells(&["3", "y"]))]
        );
    }

    #[test]
    fn cells_that_are_none_are_named() {
        let bad = |text: &str| lines(text).map(|_| ()).map_err(|bad| (bad.line, bad.column));
        assert_eq!(bad("id,label\n7,\"open\n8,x\n"), Err((2, 2)));
        assert_eq!(bad("id,label\n\"7\"8,x\n"), Err((2, 1)));
    }
}
