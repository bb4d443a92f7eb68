//! Averages over a series of measurements.

/// The average of each `size` neighbours, from the first on: one value for each place where a
/// whole window fits.
pub fn moving(series: &[f64], size: usize) -> Vec<f64> {
    if size == 0 || series.len() < size {
        return Vec::new();
    }
    let mut averages = Vec::new();
    for start in 0..series.len() - size {
        let sum: f64 = series[start..start + size].iter().sum();
        averages.push(sum / size as f64);
    }
    averages
}

/// How much each measurement differs from the one before it.
pub fn steps(series: &[f64]) -> Vec<f64> {
    if series.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::with_capacity(series.len() - 1);
    for i in 0..series.len() - 1 {
        all.push(series[i + 1] - series[i]);
    }
    all
}
