//! Of a ClickHouse. Its engine runs in one process, and one test at a time asks it.

use super::{
    always, answer, batch,
    between::{Between, How},
    in_minutes,
    less::{knows, loses, narrows, query, trims},
    life::{at_once, life, lived},
    server::Server,
};
use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sekisho_flow::{
    query::Query,
    testing::{flow, moment},
};
use sekisho_history::{Error, History, Put, Target};

#[test]
fn a_clickhouse_answers_as_a_file_does() {
    let Some(server) = Server::start() else { return };
    always(8, (life(), query()), |(life, query)| {
        let target = server.target();
        let (all, history) = lived(&|| History::connect(&target).unwrap(), life)?;
        narrows(&history, &all, &query)
    });
    always(3, vec(flow(), 0..8), |flows| at_once(&mut server.history(), flows));
    always(4, (vec(flow(), 1..12), moment()), |(flows, since)| knows(&mut server.history(), flows, since));
    always(4, (vec(flow(), 1..12), moment()), |(flows, before)| trims(&mut server.history(), flows, before));
    loses(server.history());
    large_batches_are_taken_whole(&server);
    an_answer_that_is_lost_makes_no_difference(&server);
    what_the_server_says_is_told(&server);
}

/// Whoever asks stops when he has enough.
fn large_batches_are_taken_whole(server: &Server) {
    let mut runner = TestRunner::deterministic();
    let flows = vec(flow(), 3000).new_tree(&mut runner).unwrap().current();
    let mut history = server.history();
    assert_eq!(history.put(&batch(1, flows)).unwrap(), Put::Kept);
    let all = answer(&history, &Query::default());
    let mut seen = 0;
    let enough = |_| {
        seen += 1;
        if seen == 10 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    };
    history.flows(&Query::default(), enough).unwrap();
    assert_eq!(seen, 10);
    assert_eq!(answer(&history, &Query::default()), all);
    let size = history.size().unwrap();
    let trimmed = history.trim_to(size / 2).unwrap();
    assert!(trimmed > 0 && history.size().unwrap() <= size / 2);
}

/// Who inserts does not hear that it was taken; or what lies between says it twice.
fn an_answer_that_is_lost_makes_no_difference(server: &Server) {
    let mut runner = TestRunner::deterministic();
    let flows = vec(flow(), 30).new_tree(&mut runner).unwrap().current();
    for how in [How::Lost, How::Twice] {
        let between = Between::start(server, how);
        let mut history = History::connect(&between.target(server)).unwrap();
        let put = history.put(&batch(1, flows.clone()));
        match how {
            How::Lost => {
                let error = put.unwrap_err();
                assert!(matches!(error, Error::Http(_)), "{error}");
            }
            How::Twice => assert_eq!(put.unwrap(), Put::Kept),
        }
        assert_eq!(history.put(&batch(1, flows.clone())).unwrap(), Put::Known);
        assert_eq!(answer(&history, &Query::default()), in_minutes(&flows));
        assert_eq!(between.inserted(), 1, "the test was about an insertion");
    }
}

fn what_the_server_says_is_told(server: &Server) {
    let told = |target: Target| History::connect(&target).unwrap_err().to_string();
    let nowhere = told(Target { database: "nowhere".to_owned(), ..server.target() });
    assert!(nowhere.starts_with("ClickHouse refuses: Code: 81."), "{nowhere}");
    let stranger = told(Target { user: Some("stranger".to_owned()), ..server.target() });
    assert!(stranger.starts_with("ClickHouse refuses: Code: 516."), "{stranger}");
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let target = Target::new("http://127.0.0.1:1");
    let told = History::connect(&target).unwrap_err();
    assert!(matches!(told, Error::Http(_)), "{told}");
    assert!(told.to_string().starts_with("the server cannot be heard: "), "{told}");
    let told = |target: Target| History::connect(&target).unwrap_err().to_string();
    assert_eq!(
        told(Target::new("clickhouse:8123")),
        "`clickhouse:8123/?database=default` is no address of a server: write it as `https://name:port`"
    );
    let target = Target { table: "a-b".to_owned(), ..target };
    assert_eq!(told(target), "`a-b` is no beginning of a table's name: write small letters, digits and `_`");
    let stranger = Target { authorities: Some(b"nobody".to_vec()), ..Target::new("https://127.0.0.1:1") };
    assert_eq!(told(stranger), "there is no certificate in PEM in what says whom to trust");
    let secret = Target { password: Some("s3cret".to_owned()), ..Target::new("http://127.0.0.1:1") };
    assert!(!format!("{secret:?}").contains("s3cret"));
}
