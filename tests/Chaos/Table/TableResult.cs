using System.Globalization;
using System.Text;

namespace Quota.Chaos.Table;

/// <summary>What all cases have shown.</summary>
internal sealed class TableResult
{
    public List<CaseResult> Cases { get; } = [];

    public List<string> Shares { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>What must not be.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>The worst of each limit over all situations; the cases; what is certain and what is possible; callers by silo; shares; what the situations are.</summary>
    public string Markdown()
    {
        var text = new StringBuilder("\nThe worst of all situations, admitted for certain ÷ amount:\n\n");
        Worst(text);
        text.Append("\nBy situation: admitted for certain ÷ amount ≤ what the formula allows; what callers saw; what is billed:\n\n").AppendLine(CaseResult.Head);
        Cases.ForEach(c => text.AppendLine(c.Markdown()));
        text.Append("\nBetween what was admitted in one window for certain and what possibly was:\n\n| situation | executor | limit | admitted ÷ amount, certain | possible | formula |\n|---|---|---|---|---|---|\n");
        Cases.ForEach(c => text.AppendJoin('\n', c.Rows.Select(r => r.Markdown())).AppendLine());
        text.Append("\nWhat callers saw, by silo:\n\n").AppendLine(CallerRow.Head);
        Cases.ForEach(c => text.AppendJoin('\n', c.Callers).AppendLine());
        if (Shares.Count > 0)
        {
            text.Append("\nWith equal demand:\n\n| executor | hot key | first silo, % of the permits | second | third |\n|---|---|---|---|---|\n");
            Shares.ForEach(s => text.AppendLine(s));
        }
        text.AppendLine();
        foreach (Situation situation in Cases.Select(c => c.Situation).Distinct().Where(s => s.Name != Situation.Peace))
        {
            text.AppendLine($"- *{situation.Name}*: {situation.What}.");
        }
        Notes.ForEach(n => text.AppendLine($"- {n}"));
        return text.ToString();
    }

    private void Worst(StringBuilder text)
    {
        string[] executors = [.. Cases.Select(c => c.Executor).Distinct()];
        text.AppendLine($"| limit | {string.Join(" | ", executors)} | formula |").AppendLine(string.Concat(Enumerable.Repeat("|---", executors.Length + 2)) + "|");
        foreach (IGrouping<string, TableRow> limit in Cases.SelectMany(c => c.Rows).GroupBy(r => r.Limit))
        {
            string Most(string executor) => limit.Where(r => r.Executor == executor).Select(r => r.Certain.ToString("0.000", CultureInfo.InvariantCulture)).DefaultIfEmpty("–").Max(StringComparer.Ordinal)!;
            string[] bounds = [.. limit.Select(r => r.Bound).Distinct().Order().Select(b => b.ToString("0.000", CultureInfo.InvariantCulture))];
            text.AppendLine($"| {limit.Key} | {string.Join(" | ", executors.Select(Most))} | {bounds[0]}{(bounds.Length > 1 ? $"; with leases {bounds[^1]}" : "")} |");
        }
    }
}
