//! A small static server for one folder, with the headers the page is meant to run under. For development and tests:
//! it binds the loopback address unless told otherwise, and only reads.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

/// The content security policy of the page; index.html carries the same but for `frame-ancestors`, which browsers
/// heed in a header only.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
    style-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// Longest request line or header line that is read.
const LINE_LIMIT: u64 = 8192;

/// A bound port.
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Takes the port; 0 takes any free one.
    pub fn bind(host: &str, port: u16) -> Result<Self> {
        let listener = TcpListener::bind((host, port))
            .with_context(|| format!("{host}:{port} cannot be listened on; try --port 0"))?;
        Ok(Self { listener })
    }

    /// Prints the address and serves until the program is ended.
    pub fn run(self, folder: &Path) -> Result<()> {
        let folder = fs::canonicalize(folder)
            .with_context(|| format!("{} is not there; build the page first", folder.display()))?;
        let address = self.listener.local_addr()?;
        // A browser treats the name as a secure context just like the number, and policies name it.
        let host = if address.ip().is_loopback() { "localhost".to_owned() } else { address.ip().to_string() };
        println!("Metertwin is at http://{host}:{}/", address.port());
        std::io::stdout().flush()?;
        let folder = Arc::new(folder);
        for stream in self.listener.incoming() {
            let Ok(stream) = stream else { continue };
            let folder = Arc::clone(&folder);
            // A visitor who hangs up in the middle is nothing to report.
            std::thread::spawn(move || drop(converse(&stream, &folder)));
        }
        Ok(())
    }
}

/// What is sent back.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Answer {
    fn words(status: &'static str) -> Self {
        Self { status, kind: "text/plain; charset=utf-8", body: format!("{status}\n").into_bytes() }
    }
}

/// Answers the requests of one connection until it is closed or idle for a while.
fn converse(stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = next_line(&mut reader)?;
        if request.is_empty() {
            return Ok(());
        }
        let mut close = false;
        loop {
            let header = next_line(&mut reader)?;
            if header.is_empty() {
                break;
            }
            close |= header.eq_ignore_ascii_case("connection: close");
        }
        let mut words = request.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answer = match method {
            "GET" | "HEAD" => find(folder, target),
            _ => Answer::words("405 Method Not Allowed"),
        };
        write!(
            writer,
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
             Content-Security-Policy: {POLICY}\r\nPermissions-Policy: serial=(self)\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n",
            answer.status,
            answer.kind,
            answer.body.len()
        )?;
        if method != "HEAD" {
            writer.write_all(&answer.body)?;
        }
        writer.flush()?;
        if close {
            return Ok(());
        }
    }
}

/// One line without its end; empty at the end of the stream. A line over the limit ends the connection.
fn next_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(LINE_LIMIT).read_until(b'\n', &mut bytes)?;
    if bytes.last().is_some_and(|last| *last != b'\n') {
        return Err(std::io::Error::other("a header line without an end"));
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn find(folder: &Path, target: &str) -> Answer {
    let Some(inside) = inside(target) else { return Answer::words("400 Bad Request") };
    let mut path = folder.join(inside);
    if path.is_dir() {
        path.push("index.html");
    }
    // A link that leads out of the folder is as good as none.
    match fs::canonicalize(&path) {
        Ok(real) if real.starts_with(folder) => match fs::read(&real) {
            Ok(body) => Answer { status: "200 OK", kind: kind(&real), body },
            Err(_) => Answer::words("404 Not Found"),
        },
        _ => Answer::words("404 Not Found"),
    }
}

/// The path below the folder that a request names, or nothing if it is malformed or climbs out.
fn inside(target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    let path = PathBuf::from(String::from_utf8(bytes).ok()?);
    let tame = path.components().all(|part| match part {
        Component::Normal(name) => !name.to_string_lossy().contains('\0'),
        _ => false,
    });
    tame.then_some(path)
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        Some("txt" | "md" | "csv") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(server: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn serves_files_with_kind_and_policy_and_nothing_outside() {
        let folder = std::env::temp_dir().join(format!("metertwin-http-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("in/a.wasm"), b"\0asm").unwrap();
        fs::write(folder.join("in/index.html"), b"<p>").unwrap();
        fs::write(folder.join("secret"), b"no").unwrap();
        let server = Server::bind("127.0.0.1", 0).unwrap();
        let address = server.listener.local_addr().unwrap();
        let served = folder.join("in");
        std::thread::spawn(move || server.run(&served));

        let wasm = ask(address, "GET /a.wasm HTTP/1.1\r\nConnection: close\r\n\r\n");
        assert!(
            wasm.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/wasm\r\nContent-Length: 4\r\n"),
            "{wasm}"
        );
        assert!(wasm.contains(&format!("Content-Security-Policy: {POLICY}\r\n")), "{wasm}");
        assert!(wasm.contains("Permissions-Policy: serial=(self)\r\n"), "{wasm}");
        let two = ask(
            address,
            "GET /?x=1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /index.html HTTP/1.1\r\nConnection: close\r\n\r\n",
        );
        assert_eq!(two.matches("text/html; charset=utf-8").count(), 2, "{two}");
        for (request, status) in [
            ("GET /../secret", "400 Bad Request"),
            ("GET /%2e%2e/secret", "400 Bad Request"),
            ("GET /%zz", "400 Bad Request"),
            ("GET secret", "400 Bad Request"),
            ("GET /none", "404 Not Found"),
            ("POST /", "405 Method Not Allowed"),
        ] {
            let answer = ask(address, &format!("{request} HTTP/1.1\r\nConnection: close\r\n\r\n"));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request}: {answer}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_document_carries_the_same_policy() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("index.html");
        let expected = POLICY.replace("; frame-ancestors 'self'", "");
        let html = fs::read_to_string(page).unwrap();
        assert!(html.contains(&format!("content=\"{expected}\"")), "index.html should say {expected}");
    }
}
