using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;
using QuotaLimit = Quota.Contracts.V1.Quota;

namespace Quota.Silo.Import.Aws;

/// <summary>
/// Reads what <c>aws apigateway get-usage-plans</c> prints (API reference: UsagePlan, ApiStage, ThrottleSettings, QuotaSettings).
/// A single plan, as <c>get-usage-plan</c> prints it, will do as well.
/// </summary>
internal static class AwsPlanReader
{
    /// <summary>Attribute that holds API id and stage, as <c>a1b2c3d4e5/prod</c>.</summary>
    public const string StageAttribute = "api_stage";

    /// <summary>Attribute that holds the resource path as it is defined, as <c>/pets/{petId}</c>.</summary>
    public const string RouteAttribute = "route";

    /// <summary>Attribute that holds the HTTP method.</summary>
    public const string MethodAttribute = "method";

    private const string Any = "*";

    private static readonly Dictionary<string, Period> Periods = new(StringComparer.Ordinal)
    {
        ["DAY"] = Period.Day,
        ["WEEK"] = Period.Week,
        ["MONTH"] = Period.Month,
    };

    public static List<AwsUsagePlan> Read(ConfigNode root, FileRemarks remarks)
    {
        var plans = new List<AwsUsagePlan>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((ConfigNode item, FieldPath path) in AwsItems.Of(root, remarks))
        {
            if (SourceObject.Open(item, path, remarks) is not { } source)
            {
                continue;
            }
            string id = source.Text("id");
            if (id.Length == 0)
            {
                remarks.Error(item, source.At("id"), "is required");
            }
            else if (!lines.TryAdd(id, item.Line))
            {
                remarks.Error(item, source.At("id"), $"{Quoted.Text(id)} is given twice; the first is in line {lines[id]}");
            }
            else
            {
                plans.Add(Plan(source, id));
            }
        }
        return plans;
    }

    private static AwsUsagePlan Plan(SourceObject source, string id)
    {
        string name = source.Text("name");
        var plan = new AwsUsagePlan(source, id, name.Length > 0 ? name : id);
        if (source.Object("throttle") is { } throttle && AwsThrottle.Read(throttle) is { } rate)
        {
            plan.Limits.Add(new AwsLimit("throttle", throttle.Node, throttle.Path, new Limit { Rate = rate }));
        }
        if (source.Object("quota") is { } quota && Quota(quota) is { } calendar)
        {
            plan.Limits.Add(new AwsLimit("quota", quota.Node, quota.Path, new Limit { Quota = calendar }));
        }
        IReadOnlyList<ConfigNode> stages = source.List("apiStages");
        for (int i = 0; i < stages.Count; i++)
        {
            if (SourceObject.Open(stages[i], source.At("apiStages").Item(i), source.Remarks) is { } stage)
            {
                Stage(stage, plan);
            }
        }
        if (plan.Stages.Count > 0)
        {
            source.Remarks.Note(source.Take("apiStages")!, source.At("apiStages"), "which APIs a key may call is not checked here; only what it uses is counted");
        }
        Dropped(source, "description", "dropped: a plan here has no text");
        Dropped(source, "productCode", "dropped: there is no marketplace here; billing reads the usage");
        Dropped(source, "tags", "dropped: labels belong to keys here");
        source.Finish();
        return plan;
    }

    private static void Dropped(SourceObject source, string field, string message)
    {
        if (source.Take(field) is { } node && node is not ConfigMapping { Entries.Count: 0 } and not ConfigScalar { Value: "" })
        {
            source.Remarks.Note(node, source.At(field), message);
        }
    }

    private static QuotaLimit? Quota(SourceObject quota)
    {
        int errors = quota.Remarks.Errors;
        long? limit = quota.Integer("limit", 0, Bounds.AmountMax);
        long? offset = quota.Integer("offset", 0, Bounds.AmountMax);
        ConfigScalar? text = quota.Scalar("period");
        quota.Finish();
        if (limit is null && quota.Remarks.Errors == errors)
        {
            quota.Remarks.Error(quota.Node, quota.At("limit"), "is required");
        }
        if (!Periods.TryGetValue(text?.Value ?? "", out Period period))
        {
            quota.Remarks.Error(text ?? quota.Node, quota.At("period"), text is null ? "is required" : $"{Quoted.Text(text.Value)} is not one of {string.Join(", ", Periods.Keys)}");
        }
        if (quota.Remarks.Errors > errors)
        {
            return null;
        }
        quota.Remarks.Note(quota.Node, quota.Path, "what keys have used of the running period is not in these files: every key begins with the whole amount (aws apigateway get-usage tells it; Refund and initial_offset correct it)");
        if (offset > 0)
        {
            quota.Remarks.Note(quota.Take("offset")!, quota.At("offset"), "becomes initial_offset: it counts in the first period in which a key is counted here, not in the period in which the plan began there");
        }
        if (period == Period.Week)
        {
            quota.Remarks.Note(text!, quota.At("period"), "WEEK: weeks begin on Monday, 00:00 UTC, here; the day on which they begin there is not documented (anchor_day 1 to 7 sets it)");
        }
        return new QuotaLimit { Amount = limit!.Value, Period = period, TimeZone = "UTC", AnchorDay = period == Period.Day ? 0 : 1, InitialOffset = offset ?? 0 };
    }

    private static void Stage(SourceObject stage, AwsUsagePlan plan)
    {
        string api = stage.Text("apiId");
        string name = stage.Text("stage");
        SourceObject? methods = stage.Object("throttle");
        stage.Finish();
        if (api.Length == 0 || name.Length == 0)
        {
            stage.Remarks.Error(stage.Node, stage.At(api.Length == 0 ? "apiId" : "stage"), "is required");
            return;
        }
        string value = $"{api}/{name}";
        plan.Stages.Add(value);
        foreach (ConfigEntry entry in methods?.Entries ?? [])
        {
            FieldPath path = methods!.At(entry.Name.Value);
            if (SourceObject.Open(entry.Value, path, stage.Remarks) is { } throttle && AwsThrottle.Read(throttle) is { } rate && Method(entry.Name, path, value, stage.Remarks) is { } limit)
            {
                limit.Rate = rate;
                plan.Limits.Add(new AwsLimit($"{value}{(entry.Name.Value.StartsWith('/') ? "" : "/")}{entry.Name.Value}", entry.Name, path, limit));
            }
        }
    }

    /// <summary>A throttle's name is resource path and method: <c>/pets/{petId}/GET</c>; an asterisk stands for every one.</summary>
    private static Limit? Method(ConfigScalar name, FieldPath path, string stage, FileRemarks remarks)
    {
        int slash = name.Value.LastIndexOf('/');
        if (slash < 0 || slash == name.Value.Length - 1)
        {
            remarks.Error(name, path, $"{Quoted.Text(name.Value)} is not a resource path and a method (/pets/GET)");
            return null;
        }
        string route = slash == 0 ? "/" : name.Value[..slash];
        string method = name.Value[(slash + 1)..];
        var limit = new Limit();
        limit.Match.Add(StageAttribute, new Values { Values_ = { stage } });
        bool isAnyRoute = route.TrimStart('/') == Any;
        if (!isAnyRoute)
        {
            limit.Match.Add(RouteAttribute, new Values { Values_ = { route } });
            if (route.EndsWith('*'))
            {
                remarks.Note(name, path, "an asterisk at the end of a route matches every continuation here");
            }
        }
        bool isAnyMethod = method is Any or "ANY";
        if (!isAnyMethod)
        {
            limit.Match.Add(MethodAttribute, new Values { Values_ = { method } });
        }
        if (isAnyRoute || isAnyMethod)
        {
            remarks.Note(name, path, "one bucket for everything that matches here; what has a throttle of its own counts on both");
        }
        return limit;
    }
}
