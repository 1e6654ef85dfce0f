using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the settings of one namespace, whichever way they came.</summary>
internal static class NamespaceReader
{
    private const long MsNs = 1_000_000;

    private static readonly Dictionary<string, UnknownKeyPolicy> UnknownKeyPolicies = new(StringComparer.Ordinal)
    {
        ["default_plan"] = UnknownKeyPolicy.DefaultPlan,
        ["allow"] = UnknownKeyPolicy.Allow,
        ["deny"] = UnknownKeyPolicy.Deny,
    };

    private static readonly Dictionary<string, SyncMode> SyncModes = new(StringComparer.Ordinal)
    {
        ["commit"] = SyncMode.Commit,
        ["os"] = SyncMode.Os,
    };

    private static readonly Dictionary<string, FailurePolicy> FailurePolicies = new(StringComparer.Ordinal)
    {
        ["error"] = FailurePolicy.Error,
        ["allow"] = FailurePolicy.Allow,
        ["deny"] = FailurePolicy.Deny,
    };

    private static readonly Dictionary<string, bool> ExpiryPolicies = new(StringComparer.Ordinal)
    {
        ["settle"] = true,
        ["cancel"] = false,
    };

    /// <summary>The settings; meaningful if it added no errors. Reports the fields that nobody asked for, so plans and keys are to be taken before.</summary>
    public static NamespaceConfig Read(FieldReader fields)
    {
        string? defaultPlan = PlanName(fields, "default_plan");
        bool hasDefault = fields.Take("default_plan") is not null;
        UnknownKeyPolicy unknownKeys = fields.Choice("unknown_keys", UnknownKeyPolicies, hasDefault ? UnknownKeyPolicy.DefaultPlan : UnknownKeyPolicy.Deny);
        if (unknownKeys == UnknownKeyPolicy.DefaultPlan && !hasDefault)
        {
            fields.Refuse("default_plan", "is required by unknown_keys: default_plan");
        }
        if (unknownKeys != UnknownKeyPolicy.DefaultPlan && hasDefault)
        {
            fields.Refuse("default_plan", "has no effect unless unknown_keys is default_plan; remove one of the two");
        }
        var config = new NamespaceConfig
        {
            DefaultPlan = defaultPlan,
            UnknownKeys = unknownKeys,
            Sync = fields.Choice("sync", SyncModes, SyncMode.Commit),
            OnFailure = fields.Choice("on_failure", FailurePolicies, FailurePolicy.Error),
            Plan = PlanName(fields, "plan"),
            Webhook = Webhook(fields),
        };
        config = LeaseReader.Read(fields, Billing(fields, Records(fields, config)));
        fields.Finish();
        return config;
    }

    private static string? PlanName(FieldReader fields, string name) =>
        fields.Take(name) is { } node ? fields.Text(node, fields.Path.Field(name)) : null;

    private static NamespaceConfig Records(FieldReader fields, NamespaceConfig config)
    {
        if (fields.Mapping("request_ids") is { } ids)
        {
            config = config with
            {
                RequestIdWindowNs = ids.DurationNs("window", Bounds.RequestIdWindowNsMin, Bounds.RequestIdWindowNsMax, Bounds.RequestIdWindowNsDefault),
                RequestIdsPerKeyMax = (int)ids.Integer("per_key_max", 1, Bounds.RecordsPerKeyMax, Bounds.RequestIdsPerKeyDefault),
            };
            ids.Finish();
        }
        if (fields.Mapping("reservations") is { } reservations)
        {
            config = config with
            {
                SettlesExpired = reservations.Choice("on_expiry", ExpiryPolicies, true),
                ReservationsPerKeyMax = (int)reservations.Integer("per_key_max", 1, Bounds.RecordsPerKeyMax, Bounds.ReservationsPerKeyDefault),
            };
            reservations.Finish();
        }
        return config;
    }

    private static NamespaceConfig Billing(FieldReader fields, NamespaceConfig config)
    {
        if (fields.Mapping("billing") is not { } billing)
        {
            return config;
        }
        string zone = ZoneReader.Read(billing, "time_zone", "UTC");
        int anchorDay = (int)billing.Integer("anchor_day", 1, 31, 1);
        config = config with
        {
            Billing = new BillingModel(zone, anchorDay),
            SealGraceMs = billing.DurationNs("seal_grace", 0, Bounds.SealGraceMsMax * MsNs, Bounds.SealGraceMsDefault * MsNs) / MsNs,
            RetentionMonths = (int)billing.Integer("retention_months", 1, Bounds.RetentionMonthsMax, Bounds.RetentionMonthsDefault),
        };
        billing.Finish();
        return config;
    }

    private static WebhookModel? Webhook(FieldReader fields)
    {
        if (fields.Mapping("webhook") is not { } webhook)
        {
            return null;
        }
        string url = Required(webhook, "url");
        string secret = Required(webhook, "secret");
        WebhookModel? model = null;
        if (url.Length > 0 && secret.Length > 0)
        {
            model = WebhookModel.TryCreate(url, secret, out string? field, out string? error);
            if (model is null)
            {
                webhook.Refuse(field!, error!);
            }
        }
        webhook.Finish();
        return model;
    }

    private static string Required(FieldReader fields, string name) =>
        fields.Require(name) is { } node ? fields.Text(node, fields.Path.Field(name)) ?? "" : "";
}
