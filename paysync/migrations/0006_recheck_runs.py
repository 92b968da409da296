"""Runs that ask for open payments by their id have a name of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("paysync", "0005_seal_unique_where_set"),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="job",
            field=models.CharField(
                choices=[
                    ("poll", "Read PayTrace"),
                    ("recheck", "Read open payments again"),
                    ("completeness", "Check a gateway day"),
                    ("erp", "Read Sage 500"),
                    ("match", "Match"),
                    ("post", "Hand over receipts"),
                    ("follow", "Follow receipts"),
                ],
                max_length=14,
            ),
        ),
    ]
