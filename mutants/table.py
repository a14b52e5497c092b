"""The seeded faults. Each `old` is a short piece of text that stands in its file exactly once."""

from mutants.mutant import Mutant

# The Hypothesis machine of tests/model, without looking for the shortest way to a failure.
MACHINE = "tests/model/test_delivery.py::test_pages_hold_the_log_whatever_happens"
QUICKLY = {"MODEL_SHRINK": "0", "MODEL_EXAMPLES": "300"}

_STORING = [
    Mutant(
        "acknowledged-before-commit", "P1", "who posts is answered before it is durable",
        "chat/actions/posting.py",
        "            messages |= _write(rooms[slug], group, members, others)\n",
        "            messages |= _write(rooms[slug], group, members, others)\n"
        "        for post in posts:\n"
        "            post.settle(refused.get(post) or _answer(post, messages[post.key]))\n",
        "tests/test_actions_messages.py::test_what_could_not_be_committed_is_not_acknowledged",
    ),
    Mutant(
        "doorbell-inside-transaction", "P6", "readers look before there is anything to see",
        "chat/events.py",
        "seq=room.last_seq, kind=kind, people=people)\n"
        "    transaction.on_commit(partial(hub.ring, ring))",
        "seq=room.last_seq, kind=kind, people=people)\n    hub.ring(ring)",
        "tests/test_actions_messages.py::test_nobody_is_told_before_it_is_durable",
    ),
    Mutant(
        "retry-stores-again", "P2", "nobody looks whether the nonce is known",
        "chat/actions/posting.py",
        "    if not found:  # as good as always\n", "    if True:\n",
        "tests/test_actions_messages.py::"
        "test_the_same_nonce_and_text_is_one_message_and_one_event",
    ),
    Mutant(
        "another-text-under-a-nonce", "P2", "a used nonce acknowledges a text that is not stored",
        "chat/actions/posting.py",
        "    return message if post.is_said_by(message) else Conflict(USED)",
        "    return message",
        "tests/test_actions_messages.py::test_a_nonce_stands_for_one_text",
    ),
    Mutant(
        "seq-with-a-gap", "P3", "the log skips a number",
        "chat/actions/posting.py",
        "enumerate(posts, room.last_seq + 1)", "enumerate(posts, room.last_seq + 2)",
        "tests/test_actions_messages.py::test_a_post_is_the_next_entry_of_its_rooms_log",
    ),
    Mutant(
        "waiting-line-reversed", "P4", "what waited is stored in another order than it came",
        "chat/group_commit.py",
        "self._waiting[line] += items", "self._waiting[line][:0] = items",
        "tests/test_group_commit.py::"
        "test_what_comes_while_one_is_written_is_the_next_group_in_its_order",
    ),
    Mutant(
        "waiting-line-forgotten", "P1", "after a failure nobody writes what waited",
        "chat/group_commit.py",
        "        elif waiting:\n            self._go_on(",
        "        elif not items:\n            self._go_on(",
        "tests/test_group_commit.py::test_a_failure_of_one_group_leaves_nobody_waiting",
    ),
    Mutant(
        "frames-before-the-end-lost", "P1", "a socket that is ended loses what it sent before",
        "chat/consumers/base.py",
        "                await self._post(posts)\n                posts = []",
        "                posts = []",
        "tests/test_consumers.py::"
        "test_what_stands_before_the_frame_that_ends_the_socket_is_stored",
    ),
    Mutant(
        "gone-acts", "P9", "who was switched off since their request came in still changes a room",
        "chat/actions/locks.py",
        "filter(pk=actor.pk, is_active=True)", "filter(pk=actor.pk)",
        "tests/test_actions_actors.py::"
        "test_who_was_switched_off_since_they_asked_does_nothing_more",
    ),
    Mutant(
        "outsider-writes", "P9", "who is not in the room posts into it",
        "chat/actions/posting.py",
        "    return None if is_member else Refused(JOIN)", "    return None",
        "tests/test_actions_messages.py::test_who_is_not_in_the_room_posts_nothing",
    ),
    Mutant(
        "deactivated-writes", "P9", "a form of somebody who was switched off is stored",
        "chat/actions/posting.py",
        ", person__is_active=True)\n", ")\n",
        "tests/test_actions_messages.py::test_who_is_switched_off_posts_nothing_more",
    ),
    Mutant(
        "signed-out-writes", "P9", "what is on its way at a sign-out is stored after it",
        "chat/actions/posting.py",
        "for post in posts if post.caller in gone}", "for post in posts if post.caller in set()}",
        "tests/test_actions_messages.py::test_what_waits_when_its_author_signs_out_is_refused",
    ),
    Mutant(
        "own-post-is-news", "P11", "one's own message counts as unread",
        "chat/actions/posting.py",
        "if max(pointer.read_seq, shown[post]) >= last:", "if False:",
        "tests/test_actions_messages.py::test_ones_own_post_is_read_and_the_others_see_it_as_new",
    ),
    Mutant(
        "read-pointer-goes-back", "P11", "an old report of reading undoes a newer one",
        "chat/models/rooms.py",
        "                        read_seq__lt=seq,\n", "",
        "tests/test_actions_messages.py::test_a_read_pointer_never_goes_back",
    ),
    Mutant(
        "not-durable", "P1", "a commit does not wait for the disk",
        "project/settings.py",
        "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
        "tests/test_database.py::test_what_is_committed_is_on_the_disk",
    ),
]  # fmt: skip

_READING = [
    Mutant(
        "no-tick", "P6", "what no doorbell announced is never found",
        "chat/hub/hub.py",
        "                self._find_missed_rings,\n", "",
        "tests/test_hub_feeds.py::test_a_lost_ring_costs_a_moment_and_no_message",
    ),
    Mutant(
        "cursor-apart", "P5", "a frame brings content without the place it leads to",
        "chat/fragments.py",
        "(_tail(seq, kind) if has_cursor else \"\")", "\"\"",
        "tests/test_hub_feeds.py::test_every_frame_names_the_place_that_it_leads_to",
    ),
    Mutant(
        "live-before-the-resume", "P5", "a live frame overtakes what was missed",
        "chat/hub/hub.py",
        "            feed.waiting.add(reader)", "            feed.live[reader.kind].add(reader)",
        "tests/test_hub_feeds.py::test_nothing_is_sent_before_the_resume",
    ),
    Mutant(
        "older-page-without-resume", "P8", "an older page stays as it was when it was read",
        "templates/chat/swaps/again.html",
        'name="after" value="{{ page.seq }}"', 'name="after" value=""',
        "tests/test_history.py::"
        "test_for_htmx_an_older_page_is_its_messages_and_a_resume_from_its_place",
    ),
    Mutant(
        "changes-not-repeated", "P8", "a second resume brings nothing",
        "chat/hub/feeds.py",
        "        for frame in frames:\n            if position",
        "        for frame in frames[:0]:\n            if position",
        "tests/test_hub_feeds.py::test_a_second_resume_repeats_the_changes_and_no_post",
    ),
    Mutant(
        "behind-a-gap", "P5", "what stands behind a missing entry is shown",
        "chat/hub/log.py",
        "        if event.seq != expected:", "        if event.seq < expected:",
        "tests/test_hub_feeds.py::test_nothing_behind_a_gap_is_shown_before_the_gap_is_filled",
    ),
    Mutant(
        "part-of-what-was-missed", "P5", "who missed too much gets it all the same",
        "chat/hub/feeds.py",
        "if not same_epoch or not 0 <= self.position - after <= MAX_MISSED:",
        "if not same_epoch or self.position < after:",
        "tests/test_hub_feeds.py::test_who_missed_too_much_gets_the_newest_page_instead",
    ),
    Mutant(
        "epoch-ignored", "P14", "a page goes on in another log",
        "chat/hub/feeds.py",
        "if not same_epoch or not 0 <= self.position - after <= MAX_MISSED:",
        "if not 0 <= self.position - after <= MAX_MISSED:",
        "tests/test_hub_feeds.py::test_a_place_that_is_not_in_this_log_is_answered"
        "_with_the_newest_page",
    ),
    Mutant(
        "restored-under-the-old-epoch", "P14", "a backup pretends to be the log that it replaced",
        "chat/backups/sqlite_file.py",
        "UPDATE chat_site SET epoch = ?\", [uuid.uuid4().hex]",
        "UPDATE chat_site SET name = name || ?\", [uuid.uuid4().hex[:0]]",
        "tests/test_backups.py::test_what_is_restored_is_another_epoch",
    ),
    Mutant(
        "page-newer-than-its-place", "P5", "a page holds what its cursor says it has not seen",
        "chat/history.py",
        "    top = head if seq is None else min(seq - 1, head)\n    found = _l",
        "    top = 2**62 if seq is None else min(seq - 1, head)\n    found = _l",
        MACHINE, QUICKLY,
    ),
    Mutant(
        "live-without-a-second-look", "P5", "what comes while one catches up is lost",
        "chat/hub/feeds.py",
        "            if not after == self.position == checked:",
        "            if checked == NOT_READ_YET:",
        MACHINE, QUICKLY,
    ),
    *(
        Mutant(
            f"written-to-who-begins-anew-{name}", "P5", fault,
            "chat/hub/feeds.py",
            "if reader.is_live and reader.position < frame.seq:", new,
            "tests/test_hub_writes.py::"
            "test_who_begins_anew_amid_a_write_gets_each_entry_once",
        )
        for name, fault, new in (
            ("early", "a live frame hides what was missed", "if reader.position < frame.seq:"),
            ("twice", "what was caught up with comes again", "if reader.is_live:"),
        )
    ),
    Mutant(
        "own-rings-from-outside", "P6", "a process takes its own ring for another's",
        "chat/hub/bells.py",
        "        if message[\"process\"] != settings.PROCESS_ID:",
        "        if message[\"process\"]:",
        "tests/test_hub_bells.py::test_other_processes_are_heard_and_ones_own_rings_are_not",
    ),
    Mutant(
        "merged-rings-forget-people", "P6", "of two rings about one room, only one's people hear",
        "chat/hub/bells.py",
        "dict.fromkeys((*earlier.people, *self.people))", "dict.fromkeys(self.people)",
        "tests/test_hub_bells.py::test_two_rings_of_one_room_are_one_that_says_both",
    ),
    Mutant(
        "read-what-was-not-shown", "P11", "somebody has read what is not stored yet",
        "chat/hub/hub.py",
        "min(seq, feed.position))", "seq)",
        "tests/test_hub_desks_reading.py::"
        "test_a_read_pointer_moves_forward_and_to_the_end_of_the_log_at_most",
    ),
]  # fmt: skip

_LISTENING = [
    Mutant(
        "membership-checked-at-connect-only", "P7", "who is taken out of a room hears on",
        "chat/hub/standing.py",
        "            codes[reader] = 4403", "            pass",
        "tests/test_hub_standing.py::"
        "test_who_is_taken_out_of_a_private_room_hears_nothing_after_it",
    ),
    Mutant(
        "session-checked-at-connect-only", "P9", "who signs out hears on",
        "chat/hub/standing.py",
        "            codes[reader] = 4401\n        elif",
        "            pass\n        elif",
        "tests/test_hub_standing.py::test_who_signs_out_is_closed_before_any_tick",
    ),
    Mutant(
        "token-never-ends", "P9", "a program hears and posts on when its token has ended",
        "chat/models/people.py",
        "self.filter(has_time, revoked_at=None)", "self.filter(revoked_at=None)",
        "tests/test_tokens.py::"
        "test_a_socket_ends_when_its_token_does_without_anybodys_deed",
    ),
    Mutant(
        "count-of-revocations-ignored", "P9", "what was read after a sign-out is sent",
        "chat/hub/standing.py",
        "reader.judged_at < revocations]", "reader.judged_at < 0]",
        "tests/test_hub_standing.py::"
        "test_who_signs_out_while_a_message_is_on_its_way_gets_no_later_one",
    ),
    Mutant(
        "removal-not-counted", "P7", "taking somebody out counts no revocation",
        "chat/actions/rooms.py",
        "        events.append(room, kind, actor=actor, person=person)\n        events.withdraw()",
        "        events.append(room, kind, actor=actor, person=person)",
        "tests/test_actions_revocations.py::"
        "test_every_loss_of_a_right_is_counted_with_it_and_nothing_else",
    ),
    Mutant(
        "resume-without-judgement", "P7", "who lost the right before the resume is brought up",
        "chat/hub/returns.py",
        "    return found, standing.judge([each.reader for each in some])", "    return found, {}",
        "tests/test_hub_standing.py::test_who_is_taken_out_before_their_resume_hears_nothing_after_it",
    ),
    Mutant(
        "judged-before-the-feed", "P9", "a revocation that the feed has passed is not asked for",
        "chat/hub/feeds.py",
        "== self.position == checked:", "== self.position:",
        "tests/test_hub_writes.py::"
        "test_who_is_judged_before_a_revocation_that_the_feed_has_passed_is_judged_again",
    ),
    Mutant(
        "repeat-without-judgement", "P7", "who lost the right is told the changes once more",
        "chat/hub/standing.py",
        "    if code := judge([reader]).get(reader):", "    if code := 0:",
        "tests/test_hub_standing.py::"
        "test_a_repeated_resume_tells_nothing_to_who_has_been_taken_out",
    ),
    Mutant(
        "shared-reading-too-long", "P5", "who shares a reading gets what it has already",
        "chat/hub/returns.py",
        "for seq, text in rendered[kind] if seq > after]", "for seq, text in rendered[kind]]",
        "tests/test_hub_returns.py::"
        "test_who_come_back_at_once_share_one_reading_and_one_rendering",
    ),
    Mutant(
        "any-origin", "CSWSH", "a foreign page opens a socket with somebody's cookie",
        "chat/handshake.py",
        'return headers.get(b"origin") == (settings.SITE_URL or f"{secure}://{host}")',
        'return bool(headers.get(b"origin")) or not settings.SITE_URL',
        "tests/test_handshake.py::test_a_cookie_from_any_other_page_is_nobody",
    ),
    Mutant(
        "guests-see-public-rooms", "P7", "a guest reads rooms that they were not put into",
        "chat/models/rooms.py",
        "own if is_guest else own |", "own if is_guest and not person_id else own |",
        "tests/test_permissions.py::"
        "test_a_room_shows_itself_to_who_may_see_it_and_to_others_does_not_exist",
    ),
    Mutant(
        "socket-left-in-the-page", "P9", "a page that was sent away knocks for ever",
        "templates/chat/swaps/goodbye.html",
        '<div id="live" hx-swap-oob="delete"></div>', "",
        "tests/test_fragments.py::test_the_last_frame_says_why_and_takes_the_socket_away",
    ),
    Mutant(
        "any-address-is-a-link", "XSS", "javascript: is an address",
        "chat/markup.py",
        "    parser.validateLink = lambda url: _ADDRESS.match(url) is not None",
        "    parser.validateLink = lambda url: True",
        "tests/test_markup.py::test_what_is_not_our_markdown_is_shown_as_typed",
    ),
    Mutant(
        "html-in-messages", "XSS", "what people write is markup",
        "chat/markup.py",
        'uncoloured = _clean(parser.renderer.render(tokens, parser.options, {}))',
        "uncoloured = text",
        "tests/test_markup.py::test_html_is_shown_as_text",
    ),
    Mutant(
        "swap-of-another-element", "OOB", "a message replaces the list instead of joining it",
        "templates/chat/swaps/message.posted.html",
        'hx-swap-oob="beforeend:#messages"', 'hx-swap-oob="innerHTML:#messages"',
        MACHINE, QUICKLY,
    ),
    Mutant(
        "slow-reader-kept", "P12", "who does not read piles up the server's memory",
        "chat/sockets.py",
        "            self.transport.abortConnection()",
        "            self.transport.bufferSize *= 1024",
        "tests/server/test_bounds_readers.py::"
        "test_who_does_not_read_is_cut_and_holds_no_memory_while_others_hear_all",
    ),
    Mutant(
        "last-file-for-a-visitor", "P12", "who comes takes what the server needs for who is in",
        "chat/connections.py",
        "return limit != resource.RLIM_INFINITY and", "return limit == resource.RLIM_INFINITY and",
        "tests/server/test_machine.py::"
        "test_without_a_file_to_open_the_old_are_served_and_the_new_wait",
    ),
    Mutant(
        "limit-that-never-ends-anything", "P12", "nobody posts too often",
        "chat/limits.py",
        "> rate.count:", "> rate.count * 1000:",
        "tests/test_views_messages.py::test_too_many_posts_wait_and_the_text_is_kept",
    ),
    Mutant(
        "body-of-any-length", "P12", "a request is kept however long it is",
        "chat/connections.py",
        "        if length > settings.MAX_BODY_BYTES:", "        if length < 0:",
        "tests/server/test_bounds_requests.py::"
        "test_a_body_that_says_that_it_is_too_long_is_refused_before_it_comes",
    ),
    Mutant(
        "scope-ignored", "P9", "a token does what it is not for",
        "chat/consumers/base.py",
        "if scope is not None and not self.reader.may(scope):", "if False:",
        "tests/test_programs_rights.py::test_a_token_is_for_what_its_scopes_say",
    ),
    Mutant(
        "left-room-heard", "P7", "a program hears a room that its person has left",
        "chat/consumers/programs.py",
        "                hub.current().remove(reader)\n                await self._lose(",
        "                await self._lose(",
        "tests/test_programs_rights.py::test_rooms_are_followed_as_the_person_comes_and_goes",
    ),
    *(
        Mutant(
            f"kept-page-{name}", "P9", fault, path, old, new,
            "tests/test_kept_pages.py::"
            "test_a_kept_page_is_the_page_that_is_rendered_anew_after_each_deed",
        )
        for name, fault, path, old, new in (
            (
                "of-who-one-was", "a page holds its reader's name and rights of before",
                "chat/views/room_page.py",
                "for row in (person, found, membership, site)",
                "for row in (found, membership, site)",
            ),
            (
                "of-then", "the sidebar shows what was unread before",
                "chat/views/room_page.py",
                "*(sidebar, found.people_count, page.has_older)",
                "*(found.people_count, page.has_older)",
            ),
            (
                "of-a-list-of-then", "a page lacks what was said since it was kept",
                "chat/newest.py",
                "key = (epoch, room.pk, room.last_seq, kind)", "key = (epoch, room.pk, kind)",
            ),
            (
                "under-another-name", "who is called otherwise now speaks under the old name",
                "chat/newest.py",
                "text is not None and _as_now(people) == people", "text is not None",
            ),
        )
    ),
    Mutant(
        "stencil-of-the-owners", "P9", "an owner's template shows one message for another",
        "chat/stencils.py",
        "if not Path(found.origin.name).is_relative_to(_SHIPPED):", "if False:",
        "tests/test_stencils.py::"
        "test_where_a_template_of_it_is_the_owners_each_message_is_rendered_by_itself",
    ),
    Mutant(
        "stencil-of-another-look", "P9", "a message stands under the one before without its day",
        "chat/stencils.py",
        "*(message.continues, message.starts_day, ", "*(message.continues, ",
        "tests/test_stencils.py::"
        "test_what_differs_in_more_than_what_it_says_has_a_stencil_of_its_own",
    ),
    Mutant(
        "resumed-from-the-end", "P5", "a program gets nothing of what it has missed",
        "chat/consumers/programs.py",
        "cursors.get(reader.slug) for reader", "None for reader",
        "tests/test_programs_resuming.py::test_cursors_name_a_place_for_each_room",
    ),
]  # fmt: skip

MUTANTS = [*_STORING, *_READING, *_LISTENING]
