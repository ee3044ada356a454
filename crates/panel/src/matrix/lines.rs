//! What stands on the glass as lines of text: what is in hand stands in brackets, a row in hand behind `>`, and the signs
//! of the header are words.

use core::fmt;

use super::view::{
    ChoiceRow, Digits, Editor, Face, Figure, Header, MatrixView, Page, Part3, Register, Screen,
};

/// A figure with its unit.
struct Whole(Figure);

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        match self.0.unit() {
            "" => Ok(()),
            unit => write!(f, " {unit}"),
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in self.lines.iter().flatten() {
            writeln!(f, "{} {}", item.label, Whole(item.figure))?;
        }
        write!(f, "T{}", self.tariff)?;
        if self.bluetooth {
            f.write_str(" bluetooth")?;
        }
        if self.telephone {
            f.write_str(" telephone")?;
        }
        Ok(())
    }
}

fn registers(f: &mut fmt::Formatter<'_>, registers: &[Option<Register>]) -> fmt::Result {
    registers
        .iter()
        .flatten()
        .try_for_each(|register| write!(f, "\n{} {}", register.obis, Whole(register.figure)))
}

impl fmt::Display for Part3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading { title, obis, figure, phases, .. } => {
                f.write_str(title)?;
                if !obis.is_empty() {
                    write!(f, " {obis}")?;
                }
                if let Some(figure) = figure {
                    write!(f, "\n{}", Whole(*figure))?;
                }
                let mut start = "\n";
                for (n, phase) in (1..).zip(phases) {
                    if let Some(phase) = phase {
                        write!(f, "{start}L{n} {}", Whole(*phase))?;
                        start = " ";
                    }
                }
                Ok(())
            }
            Self::History { title, number, ratio, runs_on, registers: lines } => {
                write!(f, "{title} {number}: {}", Whole(*ratio))?;
                if *runs_on {
                    f.write_str(", runs on")?;
                }
                registers(f, lines)
            }
        }
    }
}

impl fmt::Display for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        registers(f, &self.registers)?;
        write!(f, "\n{}\n", self.part3)?;
        let mut start = "";
        for (n, page) in (0..).zip(self.pages) {
            if self.page == Page::Readings(n) {
                write!(f, "{start}[{page}]")?;
            } else {
                write!(f, "{start}{page}")?;
            }
            start = " ";
        }
        for n in 0..self.history {
            let number = n.saturating_add(1);
            if self.page == Page::History(n) {
                write!(f, " [{number}]")?;
            } else {
                write!(f, " {number}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, digit) in (0..self.count).zip(self.digits) {
            if n == self.stroke && n > 0 {
                f.write_str("/")?;
            }
            match n {
                n if n == self.at => write!(f, "[{digit}]")?,
                n if self.secret => f.write_str(if n < self.at { "*" } else { "_" })?,
                _ => write!(f, "{digit}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Editor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice { number, of, figure } => {
                write!(f, "[{figure}]")?;
                if !figure.unit().is_empty() {
                    write!(f, " {}", figure.unit())?;
                }
                write!(f, " {number}/{of}")
            }
            Self::Digits { digits, unit: "" } => write!(f, "{digits}"),
            Self::Digits { digits, unit } => write!(f, "{digits} {unit}"),
            Self::Reset { question, answers: [no, yes], yes: in_hand, figure } => {
                write!(f, "{}\n{question}\n", Whole(*figure))?;
                if *in_hand { write!(f, "{no} [{yes}]") } else { write!(f, "[{no}] {yes}") }
            }
        }
    }
}

impl fmt::Display for MatrixView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.screen {
            Screen::Face(face) => write!(f, "{}{face}", self.header),
            Screen::Choice { at, radio, settings } => {
                let mark = |row| if *at == row { ">" } else { " " };
                if let Some(radio) = radio {
                    writeln!(f, "{} {radio}", mark(ChoiceRow::Bluetooth))?;
                }
                write!(f, "{} {settings}", mark(ChoiceRow::Settings))
            }
            Screen::Radio { title, code, words } => write!(f, "{title}\n{code}\n{words}"),
            Screen::Password { title, words, digits } => write!(f, "{title}\n{words}\n{digits}"),
            Screen::Menu { title, at, rows } => {
                let count = rows.iter().flatten().count();
                write!(f, "{title} {}/{count}", at.saturating_add(1))?;
                match rows.get(usize::from(*at)).copied().flatten() {
                    Some(row) => write!(f, "\n> {} {}", row.label, Whole(row.figure)),
                    None => Ok(()),
                }
            }
            Screen::Edit { label, editor } => write!(f, "{label}\n{editor}"),
            Screen::Notice { label, words, .. } => write!(f, "{label}\n{words}"),
            Screen::Error { title, byte, bits, words } => {
                write!(f, "{title} {byte:02X}")?;
                bits.iter().flatten().try_for_each(|bit| write!(f, "\n{bit}"))?;
                write!(f, "\n{words}")
            }
        }
    }
}
