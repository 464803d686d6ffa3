"""Send a command with Celery alone, importing nothing of this project. Needs REDIS_URL.

The worker journals the command when it receives the message; before that, only the broker has it.
"""

import os

from celery import Celery

app = Celery(broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])

result = app.send_task(
    "SetDefaultCard",
    kwargs={"userId": "cus_QRs9eKZ4xUzN2TP9", "default_source": "card_1QRs9eKZ4xUzN2TPabcdefgh"},
    queue="interactive",
)
envelope = result.get(timeout=30)  # {"status": ..., "message": ..., "data": ...}
print(result.id, envelope["status"], envelope["message"])
