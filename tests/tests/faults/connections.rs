//! Whoever is at the other end goes away, sends nothing, or sends rubbish; whoever a host asks is gone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Data, Server, case};

fn connect(host: &Server) -> TcpStream {
    let stream = TcpStream::connect(host.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn head(host: &Server, length: usize) -> String {
    let at = host.url.trim_start_matches("http://");
    format!(
        "POST /v1/clearances HTTP/1.1\r\nhost: {at}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[test]
fn whoever_asks_goes_away() {
    let data = Data::prepared();
    let host = data.serve();
    let body = case("04").to_string();
    for share in 0..40 {
        let mut stream = connect(&host);
        let whole = head(&host, body.len()) + &body;
        // Half of them go in the middle of a request, half before the answer.
        let sent = if share % 2 == 0 { whole.len() * share / 40 } else { whole.len() };
        stream.write_all(&whole.as_bytes()[..sent]).unwrap();
        drop(stream);
    }
    host.post("/v1/clearances", &body).is(201);
    data.run(&["audit", "verify"]).exits(0).says("whole");
}

#[test]
fn whoever_asks_sends_nothing_more() {
    let data = Data::prepared();
    let host = data.serve();
    let body = case("04").to_string();
    let mut idle: Vec<TcpStream> = (0..200).map(|_| connect(&host)).collect();
    for stream in &mut idle {
        stream.write_all(head(&host, body.len()).as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..10]).unwrap();
    }
    // Nobody else waits for them.
    let since = Instant::now();
    host.post("/v1/clearances", &body).is(201);
    assert!(since.elapsed() < Duration::from_secs(10));
    // And they are told after a while.
    let mut answer = [0; 1024];
    let read = idle[0].read(&mut answer).unwrap();
    let told = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(
        told.starts_with("HTTP/1.1 503") || told.starts_with("HTTP/1.1 408") || told.starts_with("HTTP/1.1 504"),
        "{told}"
    );
}

#[test]
fn whoever_asks_sends_rubbish() {
    let data = Data::prepared();
    let host = data.serve();
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1_000_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5000));
    let rubbish: [&[u8]; 6] = [
        b"\0\xff\xfe rubbish \r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/clearances HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/clearances HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for bytes in rubbish {
        let mut stream = connect(&host);
        // It may hang up before it read all of it.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    host.post("/v1/clearances", &case("04").to_string()).is(201);
}
