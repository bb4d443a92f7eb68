use std::env;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// The first line that the service at `address` says. The scheduler probes one after the other.
fn banner(address: &SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(address, PATIENCE)?;
    let mut line = Vec::new();
    let mut byte = [0u8; 1];
    while line.len() < 200 && stream.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// Whether the service at `address` answers a ping with a pong.
fn pong(address: &SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"ping\n")?;
    let mut answer = [0u8; 5];
    let n = stream.read(&mut answer)?;
    Ok(n >= 1 && answer[0] == b'p')
}

fn main() {
    for word in env::args().skip(1) {
        match word.parse::<SocketAddr>() {
            Ok(address) => println!("{word}: {:?} {:?}", banner(&address), pong(&address)),
            Err(e) => eprintln!("{word}: {e}"),
        }
    }
}
