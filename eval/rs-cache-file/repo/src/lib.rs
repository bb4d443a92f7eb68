use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path`, so that a reader sees all of it or the old file.
pub fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary)?;
    file.write(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Forgets what is cached at `path`. That nothing is there is fine, and so is that it stays: it is
/// only a cache.
pub fn forget(path: &Path) {
    let _ = fs::remove_file(path);
}

/// What is cached at `path`, if anything is.
pub fn load(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
