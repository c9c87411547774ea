from django.urls import path

from voiceassist.core.api import jobs, notifications

urlpatterns = [
    path("jobs", jobs.JobsView.as_view(), name="api-jobs"),
    path("jobs/<uuid:job_id>", jobs.JobView.as_view(), name="api-job"),
    path("jobs/<uuid:job_id>/cancel", jobs.CancelJobView.as_view(), name="api-job-cancel"),
    path("jobs/<uuid:job_id>/retry", jobs.RetryJobView.as_view(), name="api-job-retry"),
    path("notifications", notifications.NotificationsView.as_view(), name="api-notifications"),
    path("notifications/read-all", notifications.ReadAllNotificationsView.as_view(), name="api-notifications-read"),
    path(
        "notifications/<uuid:notification_id>/read",
        notifications.ReadNotificationView.as_view(),
        name="api-notification-read",
    ),
]
