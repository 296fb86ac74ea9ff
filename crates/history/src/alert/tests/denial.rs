//! Of denials.

use super::*;

#[test]
fn what_is_new_is_told_once_and_when_it_is_over() {
    let mut watch = Watch::new(Limits::default());
    // What was denied before the program started, not long ago.
    watch.remember(&denied("shop/old", 80, 0));
    watch.remember(&flow("shop/web", "shop/api", 80, Outcome::Allowed, 0));
    assert_eq!(told(&watch.saw(&denied("shop/old", 80, 5))), [""; 0]);
    let new = watch.saw(&denied("shop/web", 80, 24));
    assert_eq!(told(&new), ["NewDenial shop/web -> shop/api TCP/80"]);
    assert_eq!(new[0].summary, "shop/web -> shop/api TCP/80 is denied, and was not in 14 days");
    assert_eq!(new[0].description, "shop/web -> shop/api; ingress: no rule of shop/api allows it");
    assert_eq!(new[0].starts, at(24));
    assert!(watch.saw(&denied("shop/web", 80, 24)).is_empty(), "once");
    assert!(watch.tick(at(24)).is_empty());
    assert_eq!(watch.open().count(), 1);
    let over = watch.tick(at(25));
    assert_eq!(told(&over), ["over: NewDenial shop/web -> shop/api TCP/80"]);
    assert_eq!(over[0].ends, Some(at(25)));
    assert_eq!(over[0].labels, new[0].labels, "known again by its labels");
    assert!(watch.saw(&denied("shop/web", 80, 30)).is_empty(), "not new any more");
    watch.tick(at(30 + 15 * 24));
    assert_eq!(
        told(&watch.saw(&denied("shop/web", 80, 30 + 15 * 24))),
        ["NewDenial shop/web -> shop/api TCP/80"]
    );
}

#[test]
fn what_is_only_tried_is_told_apart() {
    let mut watch = Watch::new(Limits::default());
    let audited = flow("shop/web", "shop/api", 80, Outcome::Audited, 1);
    let [tried] = &watch.saw(&audited)[..] else { panic!("one") };
    assert_eq!(tried.labels["outcome"], "audited");
    assert!(tried.summary.contains("would be denied by what is tried"), "{}", tried.summary);
    let [enforced] = &watch.saw(&denied("shop/web", 80, 2))[..] else { panic!("one") };
    assert_ne!(tried.fingerprint(), enforced.fingerprint());
}

#[test]
fn a_scan_from_outside_is_one_cause() {
    let mut watch = Watch::new(Limits { open: 3, causes: 8, ..Limits::default() });
    let scan = (0..200).flat_map(|host| watch.saw(&denied(&format!("203.0.113.{host}/32"), 22, 1)));
    assert_eq!(told(&scan.collect::<Vec<_>>()), ["NewDenial internet -> shop/api TCP/22"]);
    // One of ports is many; what finds no room is counted, and nothing grows.
    let ports = (1..=100).flat_map(|port| watch.saw(&denied("shop/web", port, 2)));
    assert_eq!(ports.count(), 2);
    assert_eq!((watch.open().count(), watch.untold()), (3, 98));
}

#[test]
fn others_read_what_is_told() {
    let mut watch = Watch::new(Limits::default());
    let alert = watch.saw(&denied("shop/web", 80, 1)).remove(0);
    let labels = r#"{"alertname":"SekishoNewDenial","from":"shop/web","namespace":"shop","outcome":"denied","port":"TCP/80","severity":"warning","to":"shop/api"}"#;
    let summary = r#""summary":"shop/web -> shop/api TCP/80 is denied, and was not in 14 days""#;
    let description = r#""description":"shop/web -> shop/api; ingress: no rule of shop/api allows it""#;
    assert_eq!(
        alertmanager([&alert], "https://hub.example.com", at(1), HOUR),
        format!(
            r#"[{{"labels":{labels},"annotations":{{{description},{summary}}},"startsAt":"2026-11-01T01:00:00Z","endsAt":"2026-11-01T02:00:00Z","generatorURL":"https://hub.example.com"}}]"#
        )
    );
    assert_eq!(alert.fingerprint(), "1f12873a9505542f");
    let over = watch.tick(at(2)).remove(0);
    assert_eq!(
        webhook([&over]),
        format!(
            r#"{{"version":"sekisho.alerts/1","alerts":[{{"fingerprint":"1f12873a9505542f","status":"resolved","name":"SekishoNewDenial","severity":"warning","labels":{labels},{summary},{description},"startsAt":"2026-11-01T01:00:00Z","endsAt":"2026-11-01T02:00:00Z"}}]}}"#
        )
    );
}
