"""What the API takes and gives. Output shapes render the payloads of `services.payloads`, the chat socket's own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.frames import CLIENT_ID_LIMIT, CONTENT_LIMIT
from conversations.models import Conversation, MessageRole, MessageStatus
from conversations.queries import PREVIEW
from conversations.services.payloads import EXCERPT, SOURCE_TYPE, shortened
from voiceassist.core.api.serializers import Strict, StrictModel
from voiceassist.evidence.markers import without_markers

TITLE_LIMIT = 200  # characters, as the column
MOST_SOURCES = 20  # in one reply
UNSUPPORTED_SOURCES = "Choosing sources is not supported yet; every answer uses the whole knowledge base."
UNSUPPORTED_ATTACHMENTS = "Attachments are not supported yet."
SPAN = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
MARK = {
    "type": "array",
    "description": "start, end (half-open, in characters of the content), verdict, reason",
    "prefixItems": [
        {"type": "integer", "minimum": 0},
        {"type": "integer", "minimum": 0},
        {"type": "string", "enum": ["supported", "related", "none"]},
        {"type": "string"},
    ],
    "items": False,
}


@extend_schema_field(SPAN)
class SpanField(serializers.ListField):
    """Half-open offsets: start, end."""


@extend_schema_field({"type": "array", "items": MARK})
class MarksField(serializers.ListField):
    """What was found for each sentence of an answer."""


# --- What comes in ---------------------------------------------------------------


class TitleField(serializers.CharField):
    """A title on one line."""

    def to_internal_value(self, data: Any) -> str:
        """Take line breaks and repeated blanks for one blank."""
        return " ".join(super().to_internal_value(data).split())


@extend_schema_field({"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]})
class ParentField(serializers.UUIDField):
    """The id of the message that another follows, or null for the first."""


class ClientIdField(serializers.RegexField):
    """The client's own name for a message: sent again, nothing is stored or answered twice."""

    default_error_messages = {"invalid": "This must be of printable ASCII characters."}

    def __init__(self, **options: Any) -> None:
        super().__init__(
            r"^[\x20-\x7e]+\Z", max_length=CLIENT_ID_LIMIT, required=False, trim_whitespace=False, **options
        )


class ConversationFilter(Strict):
    """Which conversations to list."""

    q = serializers.CharField(
        required=False, allow_blank=True, max_length=TITLE_LIMIT, help_text="Looked for in titles, whatever the case."
    )


class NewConversationSerializer(Strict):
    """A conversation to begin."""

    title = TitleField(required=False, allow_blank=True, max_length=TITLE_LIMIT)
    initial_message = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=CONTENT_LIMIT,
        help_text="A first message, stored without answering.",
    )


class ConversationChangeSerializer(Strict):
    """What can be changed; what is left out stays."""

    title = TitleField(required=False, max_length=TITLE_LIMIT)


class NewMessageSerializer(Strict):
    """A message to store; nobody answers it. Answers are written by the server only."""

    content = serializers.CharField(max_length=CONTENT_LIMIT)
    role = serializers.ChoiceField(choices=[MessageRole.USER.value], default=MessageRole.USER.value)
    parent_id = ParentField(
        required=False,
        allow_null=True,
        help_text="The last message as the client saw it; 409 when there are later ones.",
    )
    client_id = ClientIdField()


class RegenerateSerializer(Strict):
    """How to tell a resend from a second wish."""

    client_id = ClientIdField()


class ChatSerializer(Strict):
    """A question."""

    conversation_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Without one, a conversation is begun."
    )
    message = serializers.CharField(max_length=CONTENT_LIMIT)
    use_rag = serializers.BooleanField(default=True, help_text="Only true is supported so far.")
    sources = serializers.ListField(
        required=False,
        allow_null=True,
        max_length=0,
        error_messages={"max_length": UNSUPPORTED_SOURCES},
        help_text="Not supported so far: leave it out, or empty.",
    )
    limit = serializers.IntegerField(
        default=5, min_value=1, max_value=MOST_SOURCES, help_text="How many sources the reply lists at most."
    )
    attachments = serializers.ListField(
        required=False,
        allow_null=True,
        max_length=0,
        error_messages={"max_length": UNSUPPORTED_ATTACHMENTS},
        help_text="Not supported so far: leave it out, or empty.",
    )
    client_id = ClientIdField()

    def validate_use_rag(self, value: bool) -> bool:  # noqa: FBT001 (DRF's signature)
        """Refuse an answer without the knowledge base."""
        if not value:
            raise serializers.ValidationError(
                "Every answer uses the knowledge base; answering without it is not possible."
            )
        return value


# --- What goes out ---------------------------------------------------------------


class BibliographicSerializer(serializers.Serializer[Any]):
    """The bibliographic fields; what is not known is empty."""

    title = serializers.CharField()
    url = serializers.CharField()
    authors = serializers.ListField(child=serializers.CharField())
    publication_date = serializers.CharField(help_text="As exact as it is known: a year, or a date.")
    journal = serializers.CharField()
    volume = serializers.CharField()
    issue = serializers.CharField()
    pages = serializers.CharField()
    doi = serializers.CharField()
    pmid = serializers.CharField()


class CitationSerializer(BibliographicSerializer):
    """A passage that an answer rests on, with a copy of what was shown, so that it outlives the source."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(min_value=1, help_text="As in the marker `[n]` of the content.")
    source_id = serializers.UUIDField(allow_null=True, help_text="null when the source was deleted since.")
    source_type = serializers.ChoiceField(choices=[SOURCE_TYPE])
    document_id = serializers.UUIDField(allow_null=True)
    passage_id = serializers.UUIDField()
    page = serializers.IntegerField(min_value=1)
    span = SpanField(help_text="Half-open, in characters of the page's text.")
    quoted_text = serializers.CharField()
    context = serializers.CharField(help_text="The whole passage as it was.")  # type: ignore[assignment]  # DRF takes it out
    heading_path = serializers.ListField(child=serializers.CharField())
    bibliography = serializers.JSONField(help_text="Everything that the source says of itself, unchecked.")
    relevance_score = serializers.FloatField(min_value=0, max_value=100)
    year = serializers.IntegerField(allow_null=True)
    source = serializers.CharField(help_text="The journal, or the title.")  # type: ignore[assignment]
    pubmed_id = serializers.CharField()
    excerpt = serializers.CharField(max_length=EXCERPT)


class CitedSourceSerializer(BibliographicSerializer):
    """A source that an answer cites, once, however many of its passages are cited."""

    id = serializers.UUIDField(allow_null=True)
    type = serializers.ChoiceField(choices=[SOURCE_TYPE])
    numbers = serializers.ListField(child=serializers.IntegerField(min_value=1), help_text="Its citations.")


class MessageSerializer(serializers.Serializer[Any]):
    """One question or one answer. Of an abstention, the citations are the nearest passages and support nothing."""

    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    parent_id = serializers.UUIDField(allow_null=True)
    role = serializers.ChoiceField(choices=MessageRole.choices)
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    content = serializers.CharField()
    citations = CitationSerializer(many=True)
    sources = CitedSourceSerializer(many=True)
    support = MarksField()
    route = serializers.CharField(help_text="`extractive` or `local`; empty for a question or an abstention.")
    model_used = serializers.CharField(help_text="Empty when the answer was quoted, without a model.")
    timing = serializers.DictField(child=serializers.IntegerField(), help_text="Milliseconds by stage.")
    error = serializers.CharField()
    created_at = serializers.DateTimeField()


class ChatAnswerSerializer(serializers.Serializer[Any]):
    """An answer that has ended: complete, abstained or stopped; `message.status` says which."""

    message = MessageSerializer()
    sources = CitedSourceSerializer(many=True)
    conversation_id = serializers.UUIDField()


class ConversationSerializer(StrictModel):
    """A conversation as lists show it."""

    message_count = serializers.IntegerField(read_only=True, help_text="Of the current branch.")
    last_message_preview = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = ["id", "title", "message_count", "last_message_preview", "created_at", "updated_at"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "maxLength": PREVIEW})
    def get_last_message_preview(self, row: Any) -> str:
        """Return the beginning of what was said last, on one line."""
        return shortened(without_markers(row.preview or ""), PREVIEW)


class ConversationDetailSerializer(ConversationSerializer):
    """A conversation with the messages of its current branch, in order."""

    messages = MessageSerializer(many=True, read_only=True)

    class Meta(ConversationSerializer.Meta):
        fields = [*ConversationSerializer.Meta.fields, "messages"]
        read_only_fields = fields


class PlaceSerializer(serializers.Serializer[Any]):
    """Where something stands in a page's text: half-open offsets."""

    kind = serializers.ChoiceField(choices=["quote", "passage"])
    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=1)


class CitedPageSerializer(serializers.Serializer[Any]):
    """The page that a citation comes from, as it is now."""

    citation_id = serializers.UUIDField()
    document_id = serializers.UUIDField(allow_null=True)
    document_exists = serializers.BooleanField()
    title = serializers.CharField()
    heading_path = serializers.ListField(child=serializers.CharField())
    page = serializers.IntegerField(min_value=1)
    page_text = serializers.CharField(
        allow_null=True, help_text="null when the page is gone; the citation keeps a copy."
    )
    spans = PlaceSerializer(many=True, help_text="Empty when the page no longer holds what was quoted.")
    quoted_text = serializers.CharField()
    context = serializers.CharField()  # type: ignore[assignment]
