using System.Text;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Cli;

/// <summary>Finds the plan to replay against. What is wrong is printed, and there is no plan.</summary>
internal static class ReplayPlan
{
    /// <summary>A plan of the limits given on the command line.</summary>
    public static PlanModel? FromLimits(IReadOnlyList<string> limits, CliConsole console)
    {
        var errors = new ConfigErrorList("--limit");
        PlanModel plan = PlanReader.Read("(command line)", InlineLimit.Plan(limits), FieldPath.Root, errors);
        ConfigCommand.Print(errors.ToList(), console);
        return errors.Count == 0 ? plan : null;
    }

    /// <summary>A plan of the configuration.</summary>
    public static PlanModel? FromConfig(string? configFile, string? namespaceName, string? planName, CliConsole console)
    {
        if (ConfigOption.Find(configFile, console) is not { } path)
        {
            return null;
        }
        ConfigResult result = ConfigLoader.Load(path);
        if (!result.IsValid)
        {
            ConfigCommand.Print(result.Errors, console);
            return null;
        }
        if (Find(result.Catalog.Namespaces, namespaceName, n => n.Name, "--namespace", path, console) is not { } found)
        {
            return null;
        }
        return planName is null && found.DefaultPlan is { } defaultPlan
            ? defaultPlan
            : Find(found.Plans, planName, p => p.Name, "--plan", path, console);
    }

    /// <summary>The one that is named, or the only one there is.</summary>
    private static TValue? Find<TValue>(Utf8Map<TValue> map, string? name, Func<TValue, string> nameOf, string option, string path, CliConsole console)
        where TValue : class
    {
        if (name is null && map.Count == 1)
        {
            return map.Values.First();
        }
        if (name is not null && map.TryGet(Encoding.UTF8.GetBytes(name), out TValue? value))
        {
            return value;
        }
        string choices = string.Join(", ", map.Values.Select(nameOf).Order(StringComparer.Ordinal).Take(20));
        string problem = name is null ? "say which one" : $"there is no {Quoted.Text(name)}{Suggestion.For(name, map.Values.Select(nameOf))}";
        console.Error.WriteLine($"quota: {option}: {problem} ({path} has: {choices})");
        return null;
    }
}
