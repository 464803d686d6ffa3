"""The outcome that the journal records for a verdict: an end with its envelope, or a retry."""

from __future__ import annotations

import random

from producer.contract import Envelope, Lane, State
from producer.contract.card_data.redaction import redact
from producer.contract.messages import Text
from producer.contract.texts import Language
from producer.journal import ClaimingStopped, End, Grant, Retry
from producer.security.command_signatures import Flaw
from producer.settings import Settings
from worker.execution import backoff
from worker.stripe.advice import advice_data
from worker.verdicts import ENDPOINT, GaveUp, KeyRefused, Rejected, Succeeded, TryAgain, Verdict

# While Stripe refuses our key, one command per this interval tests it.
KEY_PROBE_S = 5
_GAVE_UP_HTTP = 502
REFUSED_HTTP = 403
_FLAWS = {
    Flaw.MISSING: Text.SIGNATURE_MISSING,
    Flaw.INVALID: Text.SIGNATURE_INVALID,
    Flaw.STALE: Text.SIGNATURE_STALE,
}


class Outcomes:
    """Applies the limits on attempts and age, and makes the envelopes."""

    def __init__(
        self,
        language: Language,
        keep_s: int,
        draw: random.Random | None = None,
        *,
        keep_bulk_s: int | None = None,
    ) -> None:
        """`keep_s` (seconds) is how long an ended command is kept, `keep_bulk_s` a bulk one."""
        self._language: Language = language
        self._keep_s = {Lane.INTERACTIVE: keep_s, Lane.BULK: keep_bulk_s or keep_s}
        self._draw = draw or random.Random()
        self._superseded = Envelope.no("superseded", self._say(Text.SUPERSEDED))

    def of(self, grant: Grant, verdict: Verdict) -> End | Retry | ClaimingStopped:
        """The outcome for the verdict on this attempt."""
        match verdict:
            case Succeeded(text, data):
                done = Envelope.yes(self._say(text), data)
                return self._end(grant, State.SUCCEEDED, 200, done)
            case Rejected(code, message, http_status):
                refusal = Envelope.no(code, redact(message), advice_data(code, self._language))
                return self._end(grant, State.REJECTED, http_status, refusal)
            case GaveUp(code, message):
                return self._failed(grant, code, message)
            case KeyRefused(code, message, uncertain):
                return ClaimingStopped(KEY_PROBE_S * 1000, code, redact(message), uncertain)
            case TryAgain():
                return self._retry(grant, verdict)

    def fault(self, grant: Grant, error: BaseException) -> End | Retry:
        """The handler raised: it is unknown whether the request was sent."""
        code, message = "internal_error", type(error).__name__
        if grant.faults + 1 >= backoff.MAX_FAULTS:
            return self._failed(grant, code, message)
        return Retry(self._delay_ms(grant), True, code, message, count="faults")

    def poison(self, grant: Grant, status: str) -> End:
        """The command killed a process that ran nothing else; `status` says how that ended."""
        return self._failed(
            grant, "poison", f"it killed the process that carried it out ({status})"
        )

    def bad_signature(self, grant: Grant, flaw: Flaw) -> End:
        """The row's signature is missing or wrong, so nothing was sent in this attempt."""
        if grant.unsettled or grant.look_up_first:  # an earlier attempt may have taken effect
            return self._failed(grant, flaw.value, self._say(_FLAWS[flaw]))
        return self._end(grant, State.REJECTED, REFUSED_HTTP, self.refusal(flaw))

    def refusal(self, flaw: Flaw) -> Envelope:
        """The answer to a command that was refused for its signature."""
        return Envelope.no(flaw.value, self._say(_FLAWS[flaw]))

    def cancelled(self) -> Envelope:
        """The answer to a command that an operator cancelled."""
        return Envelope.no("cancelled", self._say(Text.CANCELLED))

    def _retry(self, grant: Grant, verdict: TryAgain) -> End | Retry:
        code, message = verdict.code, redact(verdict.message)
        if verdict.final is not None and grant.busy + 1 >= backoff.MAX_BUSY:
            final = verdict.final
            refusal = Envelope.no(final.code, redact(final.message))
            return self._end(grant, State.REJECTED, final.http_status, refusal)
        if grant.retries >= backoff.MAX_RETRIES or grant.age_ms >= backoff.MAX_AGE_S * 1000:
            return self._failed(grant, code, message)
        delay_ms = self._delay_ms(grant) if verdict.delay is None else int(verdict.delay * 1000)
        count = "busy" if verdict.final is not None else ""
        slow = grant.endpoint.value if verdict.slow == ENDPOINT else verdict.slow
        return Retry(delay_ms, verdict.uncertain, code, message, verdict.new_key, count, slow)

    def _delay_ms(self, grant: Grant) -> int:
        return int(backoff.full_jitter(grant.retries + 1, self._draw) * 1000)

    def _failed(self, grant: Grant, code: str, message: str) -> End:
        text = f"{self._say(Text.GAVE_UP)}: {message}"
        return self._end(grant, State.FAILED, _GAVE_UP_HTTP, Envelope.no(code, text))

    def _end(self, grant: Grant, state: State, http_status: int, envelope: Envelope) -> End:
        keep_s = 0 if state is State.FAILED else self._keep_s[grant.lane]
        return End(state, http_status, envelope, keep_s, self._superseded)

    def _say(self, text: Text) -> str:
        return text.say(self._language)


def outcomes_of(settings: Settings) -> Outcomes:
    """Outcomes in the language, and kept for the time, of the settings."""
    return Outcomes(
        settings.language, settings.status_ttl_s, keep_bulk_s=settings.bulk_status_ttl_s
    )
