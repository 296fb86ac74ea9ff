//! Who may ask: the API server says it, and what it said is remembered for a short while.

use super::metrics::Metrics;
use hyper::{HeaderMap, StatusCode, header::AUTHORIZATION};
use sekisho_k8s::watch::{Review, Reviewer};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tracing::warn;

/// What whoever asks must be allowed: the verb `get` of this path.
pub(super) const PATH: &str = "/v1/flows";
/// How long it is remembered that somebody may, and that somebody may not.
const MAY: Duration = Duration::from_secs(60);
const MAY_NOT: Duration = Duration::from_secs(5);
/// How many are remembered.
const MOST: usize = 1 << 10;
/// The longest token that is looked at, in bytes.
const LONGEST: usize = 1 << 14;

/// A token, of which nobody can tell what it was.
type Name = [u8; 32];

/// Asks who may ask.
#[derive(Debug)]
pub(super) struct Guard {
    reviewer: Reviewer,
    metrics: Arc<Metrics>,
    known: Mutex<HashMap<Name, (Instant, Review)>>,
}

/// Why somebody is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) words: String,
}

fn refusal(status: StatusCode, words: impl Into<String>) -> Refusal {
    Refusal { status, words: words.into() }
}

impl Guard {
    pub(super) fn new(reviewer: Reviewer, metrics: Arc<Metrics>) -> Self {
        Self { reviewer, metrics, known: Mutex::default() }
    }

    /// The name of who asks, where he may.
    ///
    /// # Errors
    /// When he may not, or nobody can say.
    pub(super) async fn lets_in(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let found = match token(headers) {
            Ok(token) => self.review(token).await,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = &found {
            self.metrics.refused(match refusal.status {
                StatusCode::UNAUTHORIZED => "unauthenticated",
                StatusCode::FORBIDDEN => "forbidden",
                _ => "unreviewed",
            });
        }
        found
    }

    async fn review(&self, token: &str) -> Result<String, Refusal> {
        let name: Name = Sha256::digest(token.as_bytes()).into();
        let review = match self.remembered(&name) {
            Some(review) => review,
            None => {
                let review = self.reviewer.review(token, "get", PATH).await.map_err(|why| {
                    self.metrics.trouble();
                    warn!(why, "nobody can say who asks");
                    refusal(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "the API server does not say who asks; ask again",
                    )
                })?;
                self.remember(name, review.clone());
                review
            }
        };
        match review {
            Review::Allowed(user) => Ok(user),
            Review::Forbidden(user) => {
                let words =
                    format!("`{user}` may not `get` `{PATH}`: bind a ClusterRole with that nonResourceURL");
                Err(refusal(StatusCode::FORBIDDEN, words))
            }
            Review::Unknown => {
                Err(refusal(StatusCode::UNAUTHORIZED, "the API server does not know the token"))
            }
        }
    }

    fn remembered(&self, name: &Name) -> Option<Review> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|(until, _)| Instant::now() < *until).map(|(_, review)| review.clone())
    }

    fn remember(&self, name: Name, review: Review) {
        let lasts = if matches!(review, Review::Allowed(_)) { MAY } else { MAY_NOT };
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (until, _)| now < *until);
        }
        // Who comes with ever new tokens is asked about each time.
        if known.len() < MOST {
            known.insert(name, (now + lasts, review));
        }
    }
}

fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
    let token = header.and_then(|header| header.strip_prefix("Bearer ")).map(str::trim);
    let token = token.filter(|token| !token.is_empty() && token.len() <= LONGEST);
    token.ok_or_else(|| {
        refusal(StatusCode::UNAUTHORIZED, "show a token of the cluster: `Authorization: Bearer TOKEN`")
    })
}
