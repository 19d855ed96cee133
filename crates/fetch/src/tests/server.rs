//! A server of this machine that answers as a test says.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(super) enum Reply {
    /// Status, headers and content.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// A head that promises content, then one byte at a time without end.
    Drip,
    /// Nothing at all.
    Silence,
}

impl Reply {
    pub(super) fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, vec![("Content-Type", content_type.to_owned())], body.into())
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    pub(super) fn redirect(target: &str) -> Self {
        Self::Whole(302, vec![("Location", target.to_owned())], Vec::new())
    }
}

/// Runs until dropped.
pub(super) struct Server {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, stop) = (Arc::<Mutex<Vec<Request>>>::default(), Arc::<AtomicBool>::default());
        let (log, stopped, answer) = (Arc::clone(&requests), Arc::clone(&stop), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, stopped, answer) = (Arc::clone(&log), Arc::clone(&stopped), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    let Some(request) = read(&stream) else { return };
                    log.lock().unwrap().push(request.clone());
                    // Whoever asked may have gone.
                    let _ = write(stream, answer(&request), &stopped);
                });
            }
        });
        Self { port, requests, stop }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The paths that were asked for, in order.
    pub(super) fn paths(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| request.path.clone()).collect()
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((key, value)) = line.split_once(':') else { break };
        headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Request { path, headers })
}

fn write(mut stream: TcpStream, reply: Reply, stopped: &AtomicBool) -> std::io::Result<()> {
    let wait = || std::thread::sleep(Duration::from_millis(20));
    match reply {
        Reply::Whole(status, headers, body) => {
            let mut head =
                format!("HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
            for (key, value) in headers {
                head.push_str(&format!("{key}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n").as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Drip => {
            stream
                .write_all(b"HTTP/1.1 200 x\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n")?;
            while !stopped.load(Ordering::SeqCst) {
                stream.write_all(b" ")?;
                stream.flush()?;
                wait();
            }
            Ok(())
        }
        Reply::Silence => {
            while !stopped.load(Ordering::SeqCst) {
                wait();
            }
            Ok(())
        }
    }
}
