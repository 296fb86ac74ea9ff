//! Of changes of policies.

use super::*;

#[test]
fn what_a_change_closes_is_known_before_it_is_tried() {
    let both = [PeerKind::Pods(selector("web")), PeerKind::Pods(selector("job"))];
    let other = policy("other", "web", &[]);
    let before = cluster(vec![policy("api", "api", &both), other.clone()]);
    let mut moved = other;
    moved.origin.source = "elsewhere".into();
    let after = cluster(vec![policy("api", "api", &both[..1]), moved]);
    let flows = [
        flow("shop/web", "shop/api", 80, Outcome::Allowed, 0),
        flow("shop/job", "shop/api", 80, Outcome::Allowed, 0),
        // Of these it cannot be said, or it was so before.
        flow("shop/gone", "shop/api", 80, Outcome::Allowed, 0),
        flow("shop/job", "shop/api", 443, Outcome::Denied, 0),
    ];
    let mut watch = Watch::new(Limits::default());
    assert!(watch.policies_changed(state(&before), state(&before), at(1), &flows).is_empty());
    let would = watch.policies_changed(state(&before), state(&after), at(2), &flows);
    assert_eq!(told(&would), ["WouldBreak shop/job -> shop/api TCP/80"]);
    assert_eq!(would[0].labels["policies"], "shop/api");
    assert_eq!(
        would[0].summary,
        "shop/job -> shop/api TCP/80 flowed, and does not pass since shop/api was changed"
    );
    assert_eq!(
        would[0].description,
        "seen 3 times, last at 2026-11-01T00:00:00Z; ingress: no rule of shop/api allows it"
    );
    assert!(watch.tick(at(48)).is_empty(), "until somebody tries it");
    let denial = watch.saw(&denied("shop/job", 80, 49));
    assert_eq!(
        told(&denial),
        ["over: WouldBreak shop/job -> shop/api TCP/80", "PredictedDenial shop/job -> shop/api TCP/80"]
    );
    assert_eq!(
        denial[1].summary,
        "shop/job -> shop/api TCP/80 is denied, as the change of shop/api at 2026-11-01T02:00:00Z was to bring about"
    );
    assert!(watch.saw(&denied("shop/job", 80, 49)).is_empty(), "once");
    assert_eq!(told(&watch.saw(&denied("shop/web", 80, 49))), ["NewDenial shop/web -> shop/api TCP/80"]);
    // Another change lets it pass again.
    let again = watch.policies_changed(state(&after), state(&before), at(50), &flows);
    assert_eq!(told(&again), ["over: PredictedDenial shop/job -> shop/api TCP/80"]);
    assert!(watch.tick(at(49)).is_empty());
}

#[test]
fn what_was_told_of_a_change_is_over_when_it_is_quiet_or_forgotten() {
    let before = cluster(vec![]);
    let after = cluster(vec![policy("api", "api", &[PeerKind::Pods(selector("web"))])]);
    let flows = [flow("shop/job", "shop/api", 80, Outcome::Allowed, 0)];
    let mut watch = Watch::new(Limits::default());
    assert_eq!(watch.policies_changed(state(&before), state(&after), at(1), &flows).len(), 1);
    assert_eq!(watch.saw(&denied("shop/job", 80, 2)).len(), 2);
    assert_eq!(told(&watch.tick(at(3))), ["over: PredictedDenial shop/job -> shop/api TCP/80"]);
    assert!(watch.saw(&denied("shop/job", 80, 4)).is_empty(), "told already");
    let mut watch = Watch::new(Limits::default());
    watch.policies_changed(state(&before), state(&after), at(1), &flows);
    assert_eq!(told(&watch.tick(at(1 + 15 * 24))), ["over: WouldBreak shop/job -> shop/api TCP/80"]);
}

#[test]
fn a_policy_that_is_taken_away_is_a_change_too() {
    let web = policy("web-to-api", "api", &[PeerKind::Pods(selector("web"))]);
    let isolates = policy("baseline", "api", &[block("192.0.2.0/24")]);
    let before = cluster(vec![web, isolates.clone()]);
    let after = cluster(vec![isolates]);
    assert_eq!(changed(&before.0, &after.0).len(), 1);
    let flows = [flow("shop/web", "shop/api", 80, Outcome::Allowed, 0)];
    let found = broken(state(&before), state(&after), &flows);
    let by: Vec<String> = found[0].by.iter().map(ToString::to_string).collect();
    assert_eq!(by, ["shop/web-to-api"]);
}
