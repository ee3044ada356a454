//! The device as a program for a Cortex-M0, run in QEMU: the same core answers the same probe on the smallest target.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cargo() -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root());
    command
}

/// A port of this machine that nobody uses now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

#[test]
fn the_firmware_answers_the_probe_in_qemu() {
    let target = std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), PathBuf::from);
    let built = cargo()
        .args([
            "build",
            "--quiet",
            "--package",
            "firmware",
            "--profile",
            "firmware",
            "--target",
            "thumbv6m-none-eabi",
        ])
        .status()
        .expect("cargo runs");
    assert!(
        built.success(),
        "the firmware does not build, or has outgrown its 48 KiB of flash and 6 KiB of RAM"
    );
    let port = free_port();
    let mut qemu = Command::new("qemu-system-arm")
        .args(["-M", "microbit", "-display", "none", "-monitor", "none", "-serial"])
        .arg(format!("tcp:127.0.0.1:{port},server=on,wait=off"))
        .arg("-kernel")
        .arg(target.join("thumbv6m-none-eabi/firmware/firmware"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map(Running)
        .expect("qemu-system-arm, which `cargo xtask tools` installs");
    // It listens once its machine is made: ask until it does, or until it has ended.
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(qemu.0.try_wait().expect("a state").is_none(), "QEMU has ended");
        std::thread::yield_now();
    }
    let python = std::env::var("METERTWIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    // The emulated core shares a busy machine: a pause of the probe may look longer to it than it was. What the
    // firmware really does wrong, it does each time.
    let mut seen = String::new();
    let good = (0..3).any(|_| {
        let probe = Command::new(&python)
            .current_dir(root())
            .arg("tests/peers/modbus_conformance.py")
            .args(["rtutcp", &format!("127.0.0.1:{port}"), "--unit0-answers"])
            .output()
            .expect("the probe runs");
        seen = String::from_utf8_lossy(&probe.stdout).into_owned();
        probe.status.success() && seen.contains("; 0 differs;")
    });
    assert!(good, "{seen}");
}
