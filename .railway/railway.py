"""Narratix on Railway, one graph per environment. `railway config plan --detailed-exit-code` tells of drift.

Secrets stay in the platform's variables (`preserve`); what is named here is what a reader may know.
"""

from __future__ import annotations

from typing import Any

from railway_sdk import define_railway, preserve, project, service

SECRETS = (
    "DATABASE_URL",
    "NARRATIX_S3_ENDPOINT",
    "NARRATIX_S3_BUCKET",
    "NARRATIX_S3_ACCESS_KEY",
    "NARRATIX_S3_SECRET_KEY",
    "NARRATIX_SIGNING_KEY",
    "NARRATIX_PUBLIC_URL",
    "ANTHROPIC_API_KEY",
    "ELEVENLABS_API_KEY",
)
OVERLAP_SECONDS = 20
DRAINING_SECONDS = 60


@define_railway
def main(ctx: Any = None) -> Any:
    """The project's one service; each environment has its own database, bucket and keys."""
    production = ctx is not None and ctx.is_environment("production")
    narratix = service(
        "narratix",
        build={"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"},
        preDeploy=["python -m narratix migrate"],
        healthcheck="/health/ready",
        healthcheckTimeout=180,
        replicas=1,
        deploy={
            # both default to 0, which would cut off listeners and lines being spoken at every deploy
            "overlapSeconds": OVERLAP_SECONDS,
            "drainingSeconds": DRAINING_SECONDS,
            "restartPolicyType": "ON_FAILURE",
            "restartPolicyMaxRetries": 10,
        },
        env={
            "NARRATIX_ENVIRONMENT": "production" if production else "staging",
            "NARRATIX_TRUSTED_PROXY": "true",
            "NARRATIX_SPEECH_WORKERS": "1",
            "RAILWAY_DEPLOYMENT_OVERLAP_SECONDS": str(OVERLAP_SECONDS),
            "RAILWAY_DEPLOYMENT_DRAINING_SECONDS": str(DRAINING_SECONDS),
            **{name: preserve() for name in SECRETS},
        },
    )
    return project("narratix", resources=[narratix])
