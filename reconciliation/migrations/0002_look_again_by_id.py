from django.db import migrations, models


class Migration(migrations.Migration):
    """Schema only: when each payment was last asked for by its id, and how to find who is due."""

    dependencies = [
        ("reconciliation", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewaytransaction",
            name="looked_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When the gateway was last asked for this one by its id.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="gatewaytransaction",
            name="look_error",
            field=models.CharField(
                blank=True,
                help_text="Why it was not given then; empty when it was.",
                max_length=200,
            ),
        ),
        migrations.AddIndex(
            model_name="gatewaytransaction",
            index=models.Index(
                fields=["merchant_account", "state", "method", "created_at"],
                name="payments_by_state",
            ),
        ),
    ]
