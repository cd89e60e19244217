//! One suite, both databases: every case runs on a fresh SQLite file and on a fresh PostgreSQL database.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a failing test says where")]

mod cases;
mod stand;

use stand::{Server, Stand};

/// Runs one case to its end.
fn run(case: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(case);
}

/// A test per case on SQLite; one test for all of them on PostgreSQL, so that one server serves them all.
macro_rules! suite {
    ($($room:ident :: { $($case:ident),+ $(,)? }),+ $(,)?) => {
        mod sqlite {
            $($(
                #[test]
                fn $case() {
                    super::run(super::cases::$room::$case(super::Stand::sqlite()));
                }
            )+)+
        }

        #[test]
        fn postgres() {
            let Some(server) = Server::start() else { return };
            run(async {
                $($(
                    eprintln!("on PostgreSQL: {}", stringify!($case));
                    cases::$room::$case(Stand::postgres(server.url).await).await;
                )+)+
                server.tidy().await;
            });
        }
    };
}

suite! {
    evidence::{
        equal_bytes_are_one_entry,
        entries_come_back_as_they_were_delivered,
        log_and_records_refuse_change,
        tampering_is_named,
        two_writers_keep_one_chain,
        a_spooled_delivery_survives_every_crash_on_its_way_into_the_log,
    },
    pages::{
        a_page_is_its_entries_and_is_told_once,
        two_writers_of_one_page_do_not_overwrite_each_other,
    },
    decisions::{
        a_version_is_written_once,
        a_subscriber_has_one_open_case,
        a_decision_is_written_whole_or_not_at_all,
        lists_show_what_was_asked_for,
        a_line_keeps_all_that_lists_show,
        readings_are_replaced_and_listed,
        what_waits_in_the_inbox_is_settled_once_by_a_deed,
    },
    outbox::{
        what_a_dead_worker_had_claimed_is_free_at_its_next_life,
        an_errand_is_lent_once_at_a_time,
        a_page_waits_for_nothing_else,
        a_lapsed_claim_is_lent_again,
        a_used_key_is_never_taken_again,
        two_workers_share_the_errands,
    },
    holdings::{
        importing_twice_changes_nothing,
        an_end_is_filled_in_and_never_forgotten,
        boundaries_are_inclusive_at_the_beginning_and_exclusive_at_the_end,
        exported_blocks_are_not_believed_beyond_what_was_heard,
        the_lookup_agrees_with_reading_everything,
        a_hundred_thousand_leases_import_in_seconds,
    },
    archives::{
        a_backup_restores_into_either_database,
        a_restore_never_writes_over_anything,
        a_damaged_archive_leaves_the_target_empty,
    },
    firewalls::{
        a_firewall_is_replaced_counted_and_found_by_its_link,
        a_wish_to_send_mail_and_a_test_end_as_they_were_decided,
    },
    relay_mails::{ a_mail_under_way_outlives_a_restart_and_its_time_does_not },
    self_checks::{
        a_self_check_comes_back_once_and_a_stranger_never,
        a_standing_is_replaced_and_a_key_is_kept,
    },
    numbers::{
        cases_of_a_time_come_newest_first_with_their_records,
        the_outbox_says_how_much_waits_and_for_how_long,
        a_blocklists_last_word_of_a_day_counts_and_old_days_are_forgotten,
    },
    letters::{
        letters_are_counted_by_address_and_domain_and_the_same_one_once,
        what_accuses_is_counted_by_what_it_accuses,
        an_answer_finds_the_case_of_its_letter_after_a_restart,
        of_many_letters_at_one_moment_no_more_than_allowed_are_counted,
        old_letters_are_forgotten_unless_their_case_is_open,
    },
    people::{
        a_session_ends_with_its_time_or_its_password,
        whoever_is_retired_has_no_password_and_no_session,
        a_code_and_a_recovery_code_are_good_once,
        a_token_is_good_until_its_end_or_until_it_is_taken_back,
        what_people_did_is_in_the_chain_and_found_again,
        a_reporter_is_judged_once_per_report,
        one_lucky_night_makes_no_record,
        who_reported_on_a_case_is_counted_by_name,
        names_without_end_are_counted_and_not_kept,
        an_address_that_is_no_database_is_refused_without_its_password,
    },
}
