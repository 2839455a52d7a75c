//! A stand-in for the services: HTTP on loopback, one request a connection.

#![allow(dead_code, reason = "each test file has its own copy and uses a part of it")]
// Each is a crate of its own, and nothing is public in it.
#![allow(unreachable_pub, missing_docs)]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mlbom_sigstore_online::{Client, Limits, Url};

/// A request as it came: head and body.
#[derive(Clone, Debug)]
pub struct Got {
    pub head: String,
    pub body: Vec<u8>,
}

/// What to say.
pub struct Say {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
    /// Before each byte of the body, and then the connection is left to the other side.
    pub pause: Option<Duration>,
}

impl Say {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: String::new(), body: body.into(), pause: None }
    }

    pub fn header(mut self, line: &str) -> Self {
        self.headers.push_str(line);
        self.headers.push_str("\r\n");
        self
    }
}

pub struct Server {
    pub url: Url,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Server {
    /// Answers each request by `answer`, which is told how many there were before it.
    pub fn new(answer: impl Fn(usize, &Got) -> Say + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let got = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(request) = receive(&mut stream) else { continue };
                let number = {
                    let mut seen = seen.lock().expect("no test panics here");
                    seen.push(request.clone());
                    seen.len() - 1
                };
                // The client may have left.
                let _ = send(&mut stream, &answer(number, &request));
            }
        });
        Self { url: Url::parse(&format!("http://{address}")).expect("loopback"), got }
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no test panics here").clone()
    }
}

/// A client that is quick to give up.
pub fn client() -> Client {
    let limits = Limits {
        connect: Duration::from_secs(5),
        whole: Duration::from_secs(5),
        answer_bytes: 8 << 20,
        backoff: Duration::from_millis(5),
    };
    Client::with_limits(&|_| None, limits).expect("no proxy")
}

fn receive(stream: &mut TcpStream) -> Option<Got> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut bytes = Vec::new();
    let end = loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break bytes.len();
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_owned())
    });
    let mut body = vec![0; length.and_then(|n| n.parse().ok()).unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(Got { head, body })
}

fn send(stream: &mut TcpStream, say: &Say) -> std::io::Result<()> {
    let Say { status, headers, body, pause } = say;
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n")?;
    match pause {
        None => stream.write_all(body),
        Some(pause) => body.iter().try_for_each(|byte| {
            thread::sleep(*pause);
            stream.write_all(&[*byte])
        }),
    }
}

/// DER: tag, length, content.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match content.len() {
        short @ 0..128 => out.push(short as u8),
        byte @ 128..256 => out.extend([0x81, byte as u8]),
        long => out.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    out.extend(content);
    out
}
