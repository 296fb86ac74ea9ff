//! Measuring on a machine that others use too: always in pairs, never one after the other.

use crate::{Result, report::Ratio};
use std::time::{Duration, Instant};

/// How long a comparison may take, and how sure it is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// At least so many pairs.
    pub(crate) at_least: usize,
    /// No new pair is begun after this.
    pub(crate) at_most: Duration,
    /// Enough when the interval of the ratio is narrower than this.
    pub(crate) width: f64,
}

/// A candidate beside a baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison {
    /// The median rate of the baseline.
    pub(crate) baseline: f64,
    /// The median rate of the candidate.
    pub(crate) candidate: f64,
    /// The ratio of the candidate to the baseline of the same pair.
    pub(crate) ratio: Ratio,
}

/// Compares `candidate` with `baseline`, both of which measure a rate: A B, B A, A B, ... so that what
/// else the machine does meets both alike.
pub(crate) fn compare(
    effort: Effort,
    mut baseline: impl FnMut() -> Result<f64>,
    mut candidate: impl FnMut() -> Result<f64>,
) -> Result<Comparison> {
    let (mut baselines, mut candidates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // The first pair warms caches and is not counted.
    baseline()?;
    candidate()?;
    let begin = Instant::now();
    loop {
        let (a, b) = if ratios.len() % 2 == 0 {
            let a = baseline()?;
            (a, candidate()?)
        } else {
            let b = candidate()?;
            (baseline()?, b)
        };
        baselines.push(a);
        candidates.push(b);
        ratios.push(b / a);
        let ratio = ratio_of(&mut ratios.clone());
        let sure = ratios.len() >= effort.at_least && ratio.high - ratio.low <= effort.width;
        if sure || begin.elapsed() >= effort.at_most {
            let (baseline, candidate) = (quantile(&mut baselines, 0.5), quantile(&mut candidates, 0.5));
            return Ok(Comparison { baseline, candidate, ratio });
        }
    }
}

/// The median of `ratios`, and the order statistics between which the true one lies at 95 %
/// confidence: half the number of samples, give or take 0.98 of its root (the binomial's 1.96 sigma).
fn ratio_of(ratios: &mut [f64]) -> Ratio {
    let rounds = ratios.len();
    let half_width = 0.98 / crate::report::count(rounds).sqrt();
    let median = quantile(ratios, 0.5);
    let (low, high) = (quantile(ratios, 0.5 - half_width), quantile(ratios, 0.5 + half_width));
    Ratio { median, low, high, rounds }
}

/// The value below which the part `part` (0 to 1) of `samples` lies; NaN when there are none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the slice")]
pub(crate) fn quantile(samples: &mut [f64], part: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    let place = (crate::report::count(last) * part.clamp(0.0, 1.0)).round() as usize;
    samples.get(place).copied().unwrap_or(f64::NAN)
}

/// Runs `work` and says how many seconds it took.
pub(crate) fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed().as_secs_f64(), result)
}
