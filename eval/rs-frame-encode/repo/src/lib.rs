//! Frames: a length of two bytes, big endian, then that many bytes.

#[derive(Debug, PartialEq)]
pub enum FrameError {
    Short,
}

/// Appends `payload` as a frame to `out`.
pub fn encode(payload: &[u8], out: &mut Vec<u8>) {
    let length = payload.len() as u16;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
}

/// The first frame of `bytes` and what follows it.
pub fn decode(bytes: &[u8]) -> Result<(&[u8], &[u8]), FrameError> {
    if bytes.len() < 2 {
        return Err(FrameError::Short);
    }
    let length = u16::from_be_bytes([bytes[0], bytes[1]]) as usize;
    let rest = &bytes[2..];
    if rest.len() < length {
        return Err(FrameError::Short);
    }
    Ok(rest.split_at(length))
}

/// All frames one after the other take this many bytes.
pub fn size_of_all(payloads: &[&[u8]]) -> usize {
    payloads.iter().map(|p| p.len() + 2).sum()
}
