"""Where each bad input of the list is tried: its code, and the test.

Codes that are not here stand at the beginning of a row's name in tests/bad/requests.py,
tests/bad/searches.py or tests/bad/frames.py. WAITING are those of what does not exist yet.
"""

_BOUNDS, _READERS = "server/test_bounds_requests.py::", "server/test_bounds_readers.py::"
_HOOKS = "test_hooks_bad.py::"
_MARKUP, _NAMES = "test_markup.py::", "test_names.py::"
_HEADS = f"{_BOUNDS}test_heads_that_are_wrong_are_refused_with_a_sentence_and_a_line"
_SERVER, _HANDSHAKE = "server/test_bad_inputs.py::", "test_handshake.py::"
_HOSTILE = f"{_MARKUP}test_hostile_repetition_is_bounded_and_loses_nothing"
_AS_TYPED = f"{_MARKUP}test_what_is_not_our_markdown_is_shown_as_typed"
_AS_TEXT = f"{_MARKUP}test_html_is_shown_as_text"
_NO_NAME = f"{_NAMES}test_a_display_name_that_would_not_do_is_refused_with_its_reason"
_NO_USERNAME = f"{_NAMES}test_a_username_that_would_not_do_is_refused_with_its_reason"
_ALIKE = f"{_NAMES}test_usernames_that_look_alike_have_one_skeleton"
_SENDING = "deliveries/test_deliveries_failures.py::"
_IN_PLACE = "test_skeleton.py::test_any_name_and_text_leave_a_message_as_it_is"

TRIED = {
    "W20": _HEADS,
    "W21": _HEADS,
    "W29": "test_frames.py::test_of_two_members_of_the_same_name_the_last_one_counts",
    "W34": "test_frames.py::test_members_that_nobody_asked_for_are_ignored",
    "W35": "test_consumers.py::test_a_post_for_a_room_that_is_not_theirs_is_stored_nowhere",
    "W36": "test_frames_of_programs.py::test_w36_the_message_of_another_is_not_edited",
    "W37": "test_consumers.py::test_a_nonce_of_another_text_is_refused",
    "W38": "test_consumers.py::test_a_flood_of_frames_ends_the_socket",
    "W39": f"{_READERS}test_a_flood_of_pings_is_answered_and_keeps_no_memory",
    "W40": f"{_READERS}test_who_does_not_read_is_cut_and_holds_no_memory_while_others_hear_all",
    "W41": f"{_HANDSHAKE}test_the_twenty_first_socket_of_a_person_is_refused",
    "W42": "test_consumers.py::test_a_socket_whose_page_names_no_place_has_to_come_back",
    "H4": f"{_BOUNDS}test_a_body_that_does_not_say_how_long_it_is_is_refused_when_it_is"
    "_and_kept_nowhere",
    "H5": f"{_BOUNDS}test_drips_are_cut_while_streams_go_on_and_others_are_answered",
    "H13": "test_views_messages.py::test_the_same_form_twice_is_one_message",
    "H17": "test_views_accounts.py::test_signing_in_leads_back_to_this_site_and_nowhere_else",
    "H20": "test_views_messages.py::test_the_form_names_no_author_and_no_place",
    "H21": f"{_SERVER}test_h21_twenty_copies_at_once_are_one_message",
    "H22": "test_views_messages.py::test_who_was_signed_out_meanwhile_keeps_the_text",
    **dict.fromkeys(("M1", "M2", "M3", "M4", "M5", "M6"), _HOSTILE),
    "M7": f"{_MARKUP}test_what_is_nested_too_deeply_is_shown_whole",
    "M8": f"{_MARKUP}test_a_backtick_ladder_is_shown_whole",
    **dict.fromkeys(("M9", "M10"), _AS_TEXT),
    **dict.fromkeys(("M11", "M12", "M13", "M14", "M15"), _AS_TYPED),
    "M16": f"{_MARKUP}test_addresses_become_links_that_tell_nothing_to_their_target",
    **dict.fromkeys((f"M{number}" for number in (*range(17, 28), 35)), _AS_TEXT),
    "M28": _IN_PLACE,
    **dict.fromkeys(("M29", "M30", "M31"), _HOSTILE),
    "M33": f"{_MARKUP}test_a_fence_takes_only_the_name_of_a_language",
    "M34": _AS_TYPED,
    **dict.fromkeys((f"N{number}" for number in range(1, 10)), _NO_NAME),
    **dict.fromkeys(("N10", "N11", "N12", "N13"), _ALIKE),
    **dict.fromkeys(("N14", "N15", "N17"), _NO_USERNAME),
    "N16": f"{_NAMES}test_room_names_become_addresses",
    **dict.fromkeys(("N18", "N19", "N20"), _IN_PLACE),
    **dict.fromkeys(("O12", "O13", "O14"), _HEADS),
    **dict.fromkeys(
        ("K2", "K9", "K14"),
        f"{_HOOKS}test_k2_k9_k14_unknown_and_revoked_keys_get_the_same_answer",
    ),
    **dict.fromkeys(("K6", "K7"), f"{_HOOKS}test_k6_k7_an_id_that_comes_again_is_one_message"),
    "K10": f"{_HOOKS}test_k10_no_line_of_a_log_holds_a_key",
    **dict.fromkeys(
        ("K11", "K12", "K13"),
        f"{_HOOKS}test_what_can_not_be_said_is_refused_with_a_sentence",
    ),
    "K15": f"{_SENDING}test_k15_a_redirect_is_not_followed",
    "K16": f"{_SENDING}test_k16_who_hangs_or_drips_is_left_when_the_time_is_over",
    "K17": f"{_SENDING}test_k17_of_an_endless_answer_four_kilobytes_are_read",
    "K18": f"{_SENDING}test_k18_gone_switches_the_hook_off",
    "K19": "test_dialer.py::test_k19_a_name_is_resolved_once_and_the_address_that_was_checked_is"
    "_the_one_that_is_asked",
    "K20": f"{_SENDING}test_k20_a_receiver_that_is_broken_for_days_is_asked_a_dozen_times_and_then"
    "_no_more",
    "T1": f"{_SERVER}test_t1_a_session_that_is_over_is_nobodys",
    "T6": "test_api_problems.py::test_t6_a_token_does_what_it_is_for_and_nothing_else",
    "T7": f"{_SERVER}test_t7_a_token_opens_no_room_of_others",
    "T9": f"{_SERVER}test_t9_of_a_cookie_and_a_token_the_token_counts",
    "T10": f"{_SERVER}test_t10_a_revoked_token_hears_no_more",
    "T11": f"{_SERVER}test_t11_a_cookie_of_before_the_new_password_is_nobodys",
    "T12": "test_views_accounts.py::test_signing_in_makes_a_session_that_nobody_knew_before",
    "T13": "test_views_passwords.py::test_a_one_time_link_works_once",
    "T14": "test_actions_people.py::test_an_invitation_works_as_often_as_it_says",
    **dict.fromkeys(
        ("T2", "T3", "T4", "T5", "T8", "T15"),
        f"{_SERVER}test_a_token_that_is_not_exact_is_nobodys",
    ),
}
WAITING = {
    "M32": "nobody is mentioned yet",
    "T16": "there are no one-time passwords yet",
    **dict.fromkeys(
        ("K1", "K3", "K4", "K5", "K8"),
        "an incoming webhook is known by its address, and needs no signature",
    ),
}
# How many of each letter the list has. Uploads (U), previews (S) and imports (I) do not exist
# yet; what S says of addresses is tried by tests/test_dialer.py.
LIST = {"W": 43, "H": 22, "M": 35, "N": 20, "O": 18, "T": 16, "Q": 15, "K": 20}
