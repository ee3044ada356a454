//! How a device behaves, and what it has to tell.

use super::Refused;
use units::Duration;

/// What a wrong password is answered with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrongPassword {
    /// The session ends (`B0`).
    #[default]
    Break,
    /// NAK, and the head may try another.
    Nak,
}

/// How a device behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceConfig {
    /// Time from the end of a request to the answer; the standard has 200 ms to 1500 ms, 20 ms at least where the
    /// maker's third letter is a small one.
    pub reaction: Duration,
    /// How long the option select, and a NAK after a read-out, may take.
    pub option_within: Duration,
    /// Read out at 300 Bd where no option select comes, as the standard has it. A device that does not returns to
    /// where it waits for a sign-on.
    pub unasked: bool,
    /// The longest pause between two characters of a message.
    pub gap: Duration,
    /// Where nothing comes for so long the programming mode ends; the standard has 60 s to 120 s.
    pub inactivity: Duration,
    /// What a wrong password is answered with.
    pub wrong_password: WrongPassword,
}

impl Default for DeviceConfig {
    /// 200 ms, 1500 ms, the read-out nobody asked for, 1500 ms, 60 s, `B0`.
    fn default() -> Self {
        Self {
            reaction: Duration::from_millis(200),
            option_within: Duration::from_millis(1500),
            unasked: true,
            gap: Duration::from_millis(1500),
            inactivity: Duration::from_secs(60),
            wrong_password: WrongPassword::Break,
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The head said so (`B0`).
    Break,
    /// Nothing was heard for too long.
    Inactive,
    /// The password was wrong.
    Password,
}

/// Why a message was answered with NAK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It came damaged: the check character, a character or the form is wrong.
    Damaged,
    /// It is longer than the buffer.
    TooLong,
    /// Nobody knows this command, or it has not the data it needs.
    Command([u8; 2]),
}

/// What a device has to tell, in numbers. An event is a note: where the next comes before it was fetched, it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// A sign-on is answered.
    SignedOn,
    /// A sign-on calls another address.
    NotCalled,
    /// An option select came.
    Selected {
        /// The speed from now on, in Bd.
        baud: u32,
        /// Programming mode, not a read-out.
        programming: bool,
    },
    /// No option select came, or one that the device does not know: it reads out at 300 Bd.
    Unasked,
    /// A read-out was sent.
    ReadOut {
        /// Its lines.
        lines: u16,
    },
    /// A password came: whether it opens the device.
    Password(bool),
    /// A value was asked for (R1).
    Read(Result<(), Refused>),
    /// A value came (W1).
    Written(Result<(), Refused>),
    /// A message was answered with NAK.
    Rejected(Rejection),
    /// What was sent last is sent again, since the head asked for it.
    Repeated,
    /// Characters that make no message were dropped.
    Dropped {
        /// How many of them were in the buffer.
        bytes: u16,
    },
    /// The session is over.
    Ended(End),
}
