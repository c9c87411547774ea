"""The user's own long work: look, cancel, try again."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.core.access import get_own_job
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import Strict
from voiceassist.core.api.throttling import limit
from voiceassist.core.jobs import cancel_job, retry_job
from voiceassist.core.models import Job, JobStatus
from voiceassist.core.queries import jobs_of


@extend_schema_field({"type": "object", "additionalProperties": True})
class ResultField(serializers.JSONField):
    """Ids and counts of what came of the work, or null."""


class JobSerializer(serializers.ModelSerializer[Job]):
    """One piece of long work, and how far it has come."""

    result = ResultField(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = [
            "id",
            "kind",
            "subject_id",
            "status",
            "stage",
            "done",
            "total",
            "attempts",
            "error",
            "result",
            "cancel_requested_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class JobFilter(Strict):
    """Which of them to list."""

    status = serializers.ChoiceField(choices=JobStatus.choices, required=False)
    kind = serializers.CharField(required=False, max_length=60)


class JobsView(ListAPIView[Job]):
    """The user's jobs, newest first."""

    serializer_class = JobSerializer
    throttle_classes = [limit("api", by_user=True)]
    queryset = Job.objects.none()  # for the schema; `get_queryset` knows the user

    @extend_schema(operation_id="jobs_list", parameters=[JobFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the user's jobs."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Job]:
        """Return the user's jobs that the filter lets through. Raises ValidationError."""
        chosen = JobFilter(data=self.request.query_params.dict())
        chosen.is_valid(raise_exception=True)
        return jobs_of(cast("uuid.UUID", self.request.user.pk)).filter(**chosen.validated_data)


class _OneJob(APIView):
    throttle_classes = [limit("api", by_user=True)]

    def job(self, request: Request, job_id: uuid.UUID) -> Job:
        """Return one of the user's jobs. Raises JobNotFound."""
        return get_own_job(user_id=cast("uuid.UUID", request.user.pk), job_id=job_id)


class JobView(_OneJob):
    """One job."""

    @extend_schema(operation_id="jobs_get", responses=JobSerializer)
    def get(self, request: Request, job_id: uuid.UUID) -> Response:
        """Say how far a job has come."""
        return Response(JobSerializer(self.job(request, job_id)).data)


class CancelJobView(_OneJob):
    """Ending a job before it is done."""

    @extend_schema(operation_id="jobs_cancel", request=None, responses={200: JobSerializer, **errors(409)})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """End a job that waits; ask one that runs to end, which `status` shows a little later."""
        job = self.job(request, job_id)
        cancel_job(job)
        return Response(JobSerializer(job).data)


class RetryJobView(_OneJob):
    """Trying a job again."""

    @extend_schema(operation_id="jobs_retry", request=None, responses={202: JobSerializer, **errors(409)})
    def post(self, request: Request, job_id: uuid.UUID) -> Response:
        """Queue a job anew that failed or was cancelled."""
        job = self.job(request, job_id)
        retry_job(job)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)
