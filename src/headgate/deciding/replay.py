"""What a contract or parameter values that are proposed would come to, told before anybody agrees.

Deliveries whose bytes lie in the vault are checked and reviewed twice by the steps themselves: under what is in force,
and under what is proposed. The difference of the verdicts is what the proposal does, and nothing else: what came into
the tables since a delivery was judged counts on both sides. What stands under the proposal is what a real run comes to
that puts the change in force and checks these deliveries again together.
"""

from __future__ import annotations

from collections.abc import Callable

from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.platform import Platform, Progress
from headgate.core.replacing import replace
from headgate.deciding.replay_choice import Which, choose
from headgate.deciding.replay_comparing import compare
from headgate.deciding.replay_judging import judge_again
from headgate.deciding.replay_ports import PinnedTables, VaultAside
from headgate.deciding.replay_proposal import Proposal, read_proposal
from headgate.deciding.replay_result import Replay, tell_replay
from headgate.deciding.replay_scratch import scratch

USUAL = Which()


def replay(
    platform: Platform,
    flow: Flow,
    proposal: Proposal,
    which: Which = USUAL,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Replay:
    """Judge deliveries under what is in force and under a proposal, and tell the difference; changes nothing.

    `which` says the deliveries, by default the newest ones. `stop` is asked between the steps. UsageError and its kinds
    where nothing is proposed, the contract or a value is wrong, or there is nothing to replay; ReplayEndedError once
    `stop` says so.
    """
    proposed = read_proposal(platform, flow, proposal)
    choice = choose(platform, flow, which)
    pinned = PinnedTables(platform.tables)
    vault = VaultAside(platform.vault, proposed.aside)
    steady = replace(platform, vault=vault, tables=pinned.beginning(), progress=_half(platform, 0))
    # what is proposed may never be in force: what its SQL comes to is not kept for later starts
    ahead = replace(platform, vault=vault, tables=pinned.beginning(), progress=_half(platform, 1), memo=Memo())
    with scratch(platform) as folder:
        now = judge_again(steady, flow, choice.deliveries, folder / "now", values={}, stop=stop)
        then = judge_again(ahead, proposed.flow, choice.deliveries, folder / "then", values=proposed.values, stop=stop)
        both = {one.id for one in now.ends} & {one.id for one in then.ends}
        compared = compare(platform, now.quarantine, then.quarantine, both)
    return tell_replay(flow, proposed, choice, now=now, then=then, compared=compared)


def _half(platform: Platform, half: int) -> Callable[[Progress], None]:
    """Two passes over the same bytes, told as one way."""

    def tell(progress: Progress) -> None:
        if progress.total is not None:
            done = half * progress.total + progress.done
            platform.progress(Progress(step="replay", done=done, total=2 * progress.total, unit=progress.unit))

    return tell
