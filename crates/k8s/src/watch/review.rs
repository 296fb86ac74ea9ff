//! Who asks, and what they may: the API server says it.

use crate::live::{Access, LiveError, connect, error};
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, UserInfo},
    authorization::v1::{NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use std::fmt;

/// Asks the API server about those who ask somebody else.
pub struct Reviewer {
    client: Client,
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reviewer").finish_non_exhaustive()
    }
}

/// What the API server says of a bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// It is nobody's.
    Unknown,
    /// It is this user's, who may not.
    Forbidden(String),
    /// It is this user's, who may.
    Allowed(String),
}

impl Reviewer {
    /// Makes ready; no packet is sent yet. Of `access` the time limit does not count.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn prepare(access: &Access) -> Result<Self, LiveError> {
        Ok(Self { client: connect::watching(access).await? })
    }

    /// Whether the bearer of `token` may do `verb` with what is at `path`, a URL of no resource (TokenReview and
    /// SubjectAccessReview of Kubernetes).
    ///
    /// # Errors
    /// When the API server does not tell, in words.
    pub async fn review(&self, token: &str, verb: &str, path: &str) -> Result<Review, String> {
        let Some(user) = self.who(token).await? else { return Ok(Review::Unknown) };
        let name = user.username.clone().unwrap_or_default();
        Ok(if self.may(user, verb, path).await? { Review::Allowed(name) } else { Review::Forbidden(name) })
    }

    async fn who(&self, token: &str) -> Result<Option<UserInfo>, String> {
        let spec = TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() };
        let review = TokenReview { spec, ..TokenReview::default() };
        let api: Api<TokenReview> = Api::all(self.client.clone());
        let told = api.create(&PostParams::default(), &review).await;
        let told = told.map_err(|error| format!("cannot review a token: {}", error::chain(&error)))?;
        let status = told.status.unwrap_or_default();
        Ok(status.user.filter(|_| status.authenticated == Some(true)))
    }

    async fn may(&self, user: UserInfo, verb: &str, path: &str) -> Result<bool, String> {
        let what = NonResourceAttributes { path: Some(path.to_owned()), verb: Some(verb.to_owned()) };
        let spec = SubjectAccessReviewSpec {
            user: user.username,
            groups: user.groups,
            uid: user.uid,
            extra: user.extra,
            non_resource_attributes: Some(what),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let api: Api<SubjectAccessReview> = Api::all(self.client.clone());
        let told = api.create(&PostParams::default(), &review).await;
        let told = told.map_err(|error| format!("cannot review a right: {}", error::chain(&error)))?;
        Ok(told.status.is_some_and(|status| status.allowed && status.denied != Some(true)))
    }
}
