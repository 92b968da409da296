"""What a receipt of the desk takes of an invoice says how much of it is discount."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("paysync", "0006_recheck_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="deskclaim",
            name="discount",
            field=models.DecimalField(
                decimal_places=3, default=0, help_text="What of it is discount.", max_digits=15
            ),
        ),
    ]
