//! Running the program, and meters that it serves.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

/// The program.
pub fn metertwin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metertwin"));
    command.stdin(Stdio::null());
    command
}

/// What came of a run: exit code, standard output, standard error.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program to its end.
pub fn run(args: &[&str]) -> Run {
    told(metertwin().args(args).output().unwrap())
}

fn told(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The name of a model that there is.
pub fn model() -> &'static str {
    models::ALL[0].def.slug
}

/// A folder of this test alone, which goes with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("metertwin-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.text(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Meters that are served until this is dropped.
pub struct Served {
    child: Child,
    ports: Vec<String>,
    out: Option<BufReader<std::process::ChildStdout>>,
}

impl Served {
    /// Serves, and waits until `ports` of them are ready.
    pub fn start(args: &[&str], ports: usize) -> Self {
        let mut command = metertwin();
        command.arg("serve").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = Vec::new();
        while ready.len() < ports {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                let run = told(child.wait_with_output().unwrap());
                panic!("serve ended with {}: {}", run.code, run.err);
            }
            ready.extend(line.trim().strip_prefix("listening on ").map(str::to_owned));
        }
        Self { child, ports: ready, out: Some(out) }
    }

    /// A port that is ready, as a link.
    pub fn link(&self, port: usize) -> &str {
        &self.ports[port]
    }

    /// The address of a port without what stands before it.
    pub fn address(&self, port: usize) -> &str {
        let port = &self.ports[port];
        port.split_once("://").map_or(port, |(_, address)| address)
    }

    /// Ends it as Ctrl-C does. Returns how it ended, and what it said on standard error.
    pub fn stop(self) -> (ExitStatus, String) {
        self.stop_by(Signal::INT)
    }

    /// Ends it by a signal.
    pub fn stop_by(mut self, signal: Signal) -> (ExitStatus, String) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        drop(self.out.take());
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        let mut err = BufReader::new(self.child.stderr.take().unwrap());
        std::io::Read::read_to_string(&mut err, &mut said).unwrap();
        (status, said)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True for a path that is there, link or not.
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
