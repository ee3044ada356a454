//! What became of questions, counted by kind.

use modbus::LineError;

use crate::bus::{Answer, Fault};
use crate::overheard::Others;

/// What became of questions, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Questions that went out.
    pub asked: u32,
    /// Whole answers.
    pub good: u32,
    /// Refusals.
    pub refused: u32,
    /// Questions behind which nothing was heard.
    pub silent: u32,
    /// Questions behind which only their own echo was heard.
    pub only_echo: u32,
    /// Questions behind which bytes were heard that make no answer, and no character was reported as damaged.
    pub damaged: u32,
    /// Damaged answers that began as they should.
    pub heads: u32,
    /// Damaged answers in which the parity of a character was wrong first.
    pub parity: u32,
    /// Damaged answers in which the stop bit of a character was missing first.
    pub framing: u32,
    /// Questions behind which the line was held low.
    pub breaks: u32,
    /// Answers of which characters were lost in this computer.
    pub overruns: u32,
    /// Whole answers of a unit that was not asked.
    pub foreign: u32,
    /// Whole answers of the right unit to another question.
    pub misfits: u32,
    /// Questions that did not go out, since others kept talking.
    pub busy: u32,
    /// Whole answers of another unit that fit an older question of ours: they were but late.
    pub late: u32,
    /// Whole answers that fit no question of ours.
    pub strange: u32,
    /// Whole questions of somebody else.
    pub questions: u32,
    /// Questions behind which nothing was heard, not even the echo, of an adapter that repeats what is sent.
    pub mute: u32,
    /// Damaged characters that came while nothing was asked.
    pub idle: u32,
    /// Those of them in which the line was held low.
    pub idle_breaks: u32,
}

impl Tally {
    /// Counts what became of a question.
    pub fn note(&mut self, outcome: &Result<Answer, Fault>) {
        let count = |number: &mut u32| *number = number.saturating_add(1);
        match outcome {
            Ok(_) => count(&mut self.good),
            Err(Fault::Refused(_)) => count(&mut self.refused),
            Err(Fault::NeverQuiet) => return count(&mut self.busy),
            Err(Fault::Port(_) | Fault::NoFrame(_)) => return,
            Err(Fault::Unconfirmed) => {}
            Err(Fault::Silent { fault, evidence, .. }) => {
                if evidence.head {
                    count(&mut self.heads);
                }
                count(match fault {
                    modbus::Fault::NoAnswer => &mut self.silent,
                    modbus::Fault::OnlyEcho => &mut self.only_echo,
                    modbus::Fault::WrongUnit(_) => &mut self.foreign,
                    modbus::Fault::Misfit => &mut self.misfits,
                    modbus::Fault::Line(LineError::Parity) => &mut self.parity,
                    modbus::Fault::Line(LineError::Framing) => &mut self.framing,
                    modbus::Fault::Line(LineError::Break) => &mut self.breaks,
                    modbus::Fault::Line(LineError::Overrun) => &mut self.overruns,
                    modbus::Fault::Damaged { .. } | modbus::Fault::Stream(_) => &mut self.damaged,
                });
            }
        }
        count(&mut self.asked);
    }

    /// A damaged character came while nothing was asked.
    pub(crate) const fn note_idle(&mut self, error: LineError) {
        self.idle = self.idle.saturating_add(1);
        if matches!(error, LineError::Break) {
            self.idle_breaks = self.idle_breaks.saturating_add(1);
        }
    }

    /// Words of others were heard.
    pub(crate) const fn note_others(&mut self, others: Others) {
        self.questions = self.questions.saturating_add(others.questions);
        self.strange = self.strange.saturating_add(others.strange);
    }

    /// Questions behind which something damaged was heard.
    #[must_use]
    pub const fn broken(&self) -> u32 {
        self.damaged.saturating_add(self.parity).saturating_add(self.framing)
    }
}
