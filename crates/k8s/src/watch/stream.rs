//! One kind of object, listed and watched for ever.

use super::{ear::Ear, heard::Heard};
use crate::live::error;
use crate::snapshot::kind::Kind;
use futures_util::StreamExt;
use kube::{
    Api, Client,
    api::{ApiResource, GroupVersionKind, ListParams},
    runtime::watcher::{self, Event},
};
use std::{pin::pin, time::Duration};
use tokio::{sync::mpsc::Sender, time::sleep};

/// How long it takes to ask anew after the first failure; twice as long each time.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause: how late the end of an outage may be noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether a kind that is not built in is served by now.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How long a watch lasts before it is begun anew, in seconds. The API server ends it then; one that is
/// silent longer is given up.
const WATCH_SECONDS: u32 = 240;
/// The statuses of HTTP by which the API server says why it does not tell.
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
const MISSING: u16 = 404;
const GONE: u16 = 410;

/// Nobody listens any more.
struct Closed;

/// Why a stream ended.
enum End {
    /// Nobody listens any more.
    Closed,
    /// The kind is no longer served.
    Unserved,
    /// The cluster went back in time: it is to be listed anew.
    Rewound,
    /// The cluster does not stream lists.
    NoStreaming,
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// Tells all there is of `kind` until nobody listens any more.
pub(super) async fn follow<E: Ear, T: From<E::News>>(client: Client, ear: E, into: Sender<T>) {
    let mut teller = Teller { ear, into, trouble: false };
    let mut streaming = true;
    loop {
        let resource = match served(&client, ear).await {
            Ok(Some(resource)) => resource,
            Ok(None) => {
                if teller.nothing().await.is_err() {
                    return;
                }
                sleep(LOOK_AGAIN).await;
                continue;
            }
            Err(found) => {
                if teller.trouble(error::chain(&found)).await.is_err() {
                    return;
                }
                sleep(PAUSE * 10).await;
                continue;
            }
        };
        let ended = if ear.is_whole() {
            watch::<true, E, T>(&client, &resource, &mut teller, streaming).await
        } else {
            watch::<false, E, T>(&client, &resource, &mut teller, streaming).await
        };
        match ended {
            End::Closed => return,
            End::Unserved => sleep(PAUSE).await,
            End::Rewound => {}
            End::NoStreaming => streaming = false,
        }
    }
}

/// Where the kind is served, in the best version that is; `None` when it is not.
async fn served<E: Ear>(client: &Client, ear: E) -> Result<Option<ApiResource>, kube::Error> {
    let Some(known) = ear.kind() else { return Ok(None) };
    let resource = |version: &str| {
        let kind = GroupVersionKind::gvk(known.group, version, known.kind);
        ApiResource::from_gvk_with_plural(&kind, known.plural)
    };
    if ear.is_built_in() {
        return Ok(known.versions.first().map(|version| resource(version)));
    }
    for version in known.versions {
        match client.list_api_group_resources(&format!("{}/{version}", known.group)).await {
            Ok(served) if served.resources.iter().any(|found| found.name == known.plural) => {
                return Ok(Some(resource(version)));
            }
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == MISSING => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Tells what there is until something ends it; of an object all that is written, where it is `WHOLE`.
async fn watch<const WHOLE: bool, E: Ear, T: From<E::News>>(
    client: &Client,
    resource: &ApiResource,
    teller: &mut Teller<E, T>,
    streaming: bool,
) -> End {
    let Some(kind) = teller.ear.kind() else { return End::Unserved };
    let api: Api<Heard<WHOLE>> = Api::all_with(client.clone(), resource);
    let config = watcher::Config::default().timeout(WATCH_SECONDS);
    let config = if streaming { config.streaming_lists() } else { config };
    let mut news = pin!(watcher::watcher(api.clone(), config));
    let (mut newest, mut listed) = (0, false);
    loop {
        let failed = match news.next().await {
            None => return End::Rewound,
            Some(Ok(event)) => {
                listed |= matches!(event, Event::InitDone);
                match teller.event(kind, event, &mut newest).await {
                    Ok(()) => continue,
                    Err(Closed) => return End::Closed,
                }
            }
            Some(Err(failed)) => failed,
        };
        if let Some(end) = ended_by(&failed, teller.ear.is_built_in(), streaming && !listed) {
            return end;
        }
        // The place in the history is forgotten: it is listed anew at once, and nothing is wrong.
        if matches!(&failed, watcher::Error::WatchError(status) if status.code == GONE) {
            continue;
        }
        let answered = async {
            teller.trouble(error::chain(&failed)).await?;
            until_it_answers(&api, teller, newest).await
        };
        if let Err(end) = answered.await {
            return end;
        }
    }
}

/// Whether a failure is an end. `built_in` tells that every cluster serves the kind; `begins` that lists are asked for as streams, and none was told yet.
fn ended_by(failed: &watcher::Error, built_in: bool, begins: bool) -> Option<End> {
    let (watcher::Error::InitialListFailed(kube::Error::Api(status))
    | watcher::Error::WatchStartFailed(kube::Error::Api(status))) = failed
    else {
        return None;
    };
    match status.code {
        MISSING if !built_in => Some(End::Unserved),
        UNAUTHORIZED | FORBIDDEN => None,
        // What the cluster does not know of the question is refused as invalid, not as unheard of.
        400..500 if begins => Some(End::NoStreaming),
        _ => None,
    }
}

/// Asks plain questions until one is answered: before that there is no use in a watch.
async fn until_it_answers<const WHOLE: bool, E: Ear, T: From<E::News>>(
    api: &Api<Heard<WHOLE>>,
    teller: &mut Teller<E, T>,
    newest: u64,
) -> Result<(), End> {
    let mut pause = PAUSE;
    loop {
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        match api.list_metadata(&ListParams::default().limit(1)).await {
            Ok(list) => {
                let now = list.metadata.resource_version.as_deref().and_then(revision).unwrap_or(newest);
                return if now < newest { Err(End::Rewound) } else { Ok(()) };
            }
            Err(kube::Error::Api(status)) if status.code == MISSING && !teller.ear.is_built_in() => {
                return Err(End::Unserved);
            }
            Err(error) => teller.trouble(error::chain(&error)).await?,
        }
    }
}

/// Versions of resources are numbers that grow, of one history (KEP-5504).
fn revision(version: &str) -> Option<u64> {
    version.parse().ok()
}

/// Tells what was heard.
struct Teller<E, T> {
    ear: E,
    into: Sender<T>,
    trouble: bool,
}

impl<E: Ear, T: From<E::News>> Teller<E, T> {
    async fn tell(&self, news: E::News) -> Result<(), Closed> {
        self.into.send(news.into()).await.map_err(|_| Closed)
    }

    async fn event<const WHOLE: bool>(
        &mut self,
        kind: &Kind,
        event: Event<Heard<WHOLE>>,
        newest: &mut u64,
    ) -> Result<(), Closed> {
        if self.trouble && !matches!(event, Event::Init) {
            self.trouble = false;
            self.tell(self.ear.recovered()).await?;
        }
        if let Event::Apply(object) | Event::Delete(object) | Event::InitApply(object) = &event {
            let version = object.version().and_then(revision);
            *newest = (*newest).max(version.unwrap_or_default());
        }
        self.tell(match event {
            Event::Init => self.ear.begins(),
            Event::InitDone => self.ear.ends(),
            Event::Apply(object) | Event::InitApply(object) => self.ear.put(kind, object),
            Event::Delete(object) => self.ear.gone(kind, object),
        })
        .await
    }

    /// There is none of the kind.
    async fn nothing(&mut self) -> Result<(), Closed> {
        if std::mem::take(&mut self.trouble) {
            self.tell(self.ear.recovered()).await?;
        }
        self.tell(self.ear.begins()).await?;
        self.tell(self.ear.ends()).await
    }

    async fn trouble(&mut self, reason: String) -> Result<(), Closed> {
        self.trouble = true;
        self.tell(self.ear.trouble(reason.into())).await
    }
}
