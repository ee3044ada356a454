//! mbpoll, a Modbus master of the command line.

use std::process::Command;

use super::said;

/// mbpoll on one line, counting from 0.
pub struct Mbpoll(Vec<String>);

impl Mbpoll {
    /// Over Modbus TCP.
    pub fn tcp(address: &str) -> Self {
        let (host, port) = address.rsplit_once(':').unwrap();
        Self(["-m", "tcp", "-p", port, host].map(str::to_owned).to_vec())
    }

    /// Over the bytes of the bus on a pseudo-terminal.
    pub fn rtu(path: &str) -> Self {
        Self(["-m", "rtu", "-b", "9600", "-P", "none", path].map(str::to_owned).to_vec())
    }

    /// Polls once; what it said, and whether it was content.
    pub fn poll(&self, kind: &str, addr: u16, rest: &[&str]) -> (String, bool) {
        let mut command = Command::new("mbpoll");
        command.args(["-1", "-0", "-B", "-a", "1", "-t", kind, "-r", &addr.to_string()]);
        let output = command.args(&self.0).args(rest).output().unwrap();
        (said(&output), output.status.success())
    }

    /// The values of a read.
    #[track_caller]
    pub fn read(&self, kind: &str, addr: u16, count: &str) -> Vec<String> {
        let (text, good) = self.poll(kind, addr, &["-c", count]);
        assert!(good, "{text}");
        let values = text.lines().filter(|line| line.starts_with('['));
        values.filter_map(|line| line.split_once(":")).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// What is refused, and with which words.
    #[track_caller]
    pub fn refused(&self, kind: &str, addr: u16, rest: &[&str], why: &str) {
        let (text, good) = self.poll(kind, addr, rest);
        assert!(!good && text.contains(why), "{text}");
    }
}
