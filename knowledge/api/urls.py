from django.urls import path

from knowledge.api import views, views_admin

sources, source = (views.SourceViewSet.as_view({"get": action}) for action in ("list", "retrieve"))
documents = views_admin.DocumentViewSet.as_view({"get": "list", "post": "create"})
document = views_admin.DocumentViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})
urlpatterns = [
    path("search", views.SearchView.as_view(), name="api-search"),
    path("sources", sources, name="api-sources"),
    path("sources/<uuid:source_id>", source, name="api-source"),
    path("admin/kb/documents", documents, name="api-kb-documents"),
    path("admin/kb/documents/<uuid:document_id>", document, name="api-kb-document"),
    path(
        "admin/kb/documents/<uuid:document_id>/reindex",
        views_admin.ReindexView.as_view(),
        name="api-kb-document-reindex",
    ),
    path("admin/kb/jobs", views_admin.IndexingJobsView.as_view(), name="api-kb-jobs"),
]
