INSERT INTO community (id, slug, name, zone, locale, phone, created_at)
VALUES (1, 'sunshine-garden', '阳光花园', 'Asia/Shanghai', 'zh_Hans', '0571-8888 0000', '2026-04-12 01:00:00.000000');
INSERT INTO address (channel, account, external, is_group, team, topic, community_id, locale, display_name, proof,
                     created_at, flood_count)
VALUES ('telegram', 'main', '5001', false, '', '', 1, 'zh_Hans', '', '', '2026-04-12 01:00:00.000000', 0);
INSERT INTO address (channel, account, external, is_group, team, topic, community_id, locale, display_name, proof,
                     created_at, flood_count)
VALUES ('telegram', 'main', '-1007', true, 'engineering', '9', 1, 'zh_Hans', '', '', '2026-04-12 01:00:00.000000', 0);
INSERT INTO card (community_id, subject, subject_id, address_id, view, message_id, wanted, shown)
VALUES (1, 'ticket', 1, 2, 'group', '801', 1, 1);
INSERT INTO prompt (id, community_id, address_id, form, given, answers, asked, options, urgent, unclear, state,
                    shown_at, expires_at, created_at)
VALUES (1, 1, 1, 'repair', '{"source":"chat"}', '[["matter","厨房漏水"]]', 'place', '[["home","我家"]]', false, 0, 'open',
        NULL, '2026-04-13 02:00:00.000000', '2026-04-12 02:00:00.000000');
INSERT INTO outbox (key, community_id, address_id, kind, priority, payload, locale, prompt_id, still_wanted, created_at,
                    state, attempts, owner, provider_id, parts_sent, possibly_twice, code, settled_at)
VALUES ('hello:1', 1, 1, 'say', 1, '{"text":{"t":"hello","p":{}}}', 'zh_Hans', NULL, '', '2026-04-12 01:59:00.000000',
        'accepted', 1, 'old', '901', 1, false, '', '2026-04-12 01:59:01.000000');
INSERT INTO outbox (key, community_id, address_id, kind, priority, payload, locale, prompt_id, still_wanted, created_at,
                    state, attempts, owner, provider_id, parts_sent, possibly_twice, code)
VALUES ('ask:1:place', 1, 1, 'prompt', 1, '{"text":{"t":"repair.place","p":{}}}', 'zh_Hans', 1, '',
        '2026-04-12 02:00:00.000000', 'pending', 0, '', '', 0, false, '');
INSERT INTO ticket (id, community_id, year, number, kind, category, state, step, priority, scope, place, matter,
                    media_count, payer, source, requester_name, requester_phone, shows_number, team, confidential, needs_care,
                    closed_how, quality, cycle, returns, urges, created_at, seq, head, sealed_seq)
VALUES (1, 1, 2026, '0412-01', 'repair', 'plumbing', 'open', '', 'normal', 'unit', '3-2-1502', '厨房漏水',
        0, 'free', 'chat', '', '', true, 'engineering', false, false,
        '', '', 1, 0, 0, '2026-04-12 02:00:00.000000', 1, 'h', 1);
INSERT INTO history (community_id, ticket_id, seq, action, system, channel, event_id, at, codes, digest, prev, hash)
VALUES (1, 1, 1, 'file', '', 'telegram', '77', '2026-04-12 02:00:00.000000', '{}', '', '', 'h');
INSERT INTO seal (at, heads, prev, hash)
VALUES ('2026-04-12 02:00:00.000000', '[[1,1,"h"]]', '', 'h');
