using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>
/// Translates usage plans and API keys of Amazon API Gateway, as the AWS CLI prints them (<c>get-usage-plans</c>,
/// <c>get-usage-plan-keys</c>, <c>get-api-keys --include-values</c>).
/// </summary>
internal static class AwsImport
{
    /// <summary>Reads the files. Never throws for what a file contains.</summary>
    public static ImportResult Run(IReadOnlyList<string> planFiles, AwsImportOptions options)
    {
        var remarks = new ImportRemarks();
        var plans = new List<AwsUsagePlan>();
        foreach (string file in planFiles)
        {
            FileRemarks ofFile = remarks.ForFile(file);
            foreach (AwsUsagePlan plan in SourceFile.Json(file, ofFile) is { } root ? AwsPlanReader.Read(root, ofFile) : [])
            {
                if (plans.Exists(p => p.Id == plan.Id))
                {
                    ofFile.Error(plan.Source.Node, plan.Source.At("id"), $"{Quoted.Text(plan.Id)} is in another file already");
                    continue;
                }
                plans.Add(plan);
            }
        }
        AwsKeyReader keys = Keys(plans, options, remarks);
        var translator = new AwsTranslator(options);
        foreach (AwsUsagePlan plan in plans)
        {
            translator.Add(plan);
        }
        foreach (AwsApiKey key in keys.Keys)
        {
            translator.Add(key);
        }
        return new ImportResult([.. translator.Definitions], remarks.ToList(), remarks.Errors);
    }

    private static AwsKeyReader Keys(List<AwsUsagePlan> plans, AwsImportOptions options, ImportRemarks remarks)
    {
        var reader = new AwsKeyReader();
        foreach ((string planId, string file) in options.KeyFiles)
        {
            FileRemarks ofFile = remarks.ForFile(file);
            if (SourceFile.Json(file, ofFile) is not { } root)
            {
                continue;
            }
            if (plans.Find(p => p.Id == planId) is { } plan)
            {
                reader.ReadPlanKeys(root, ofFile, plan);
            }
            else
            {
                ofFile.Error(root, FieldPath.Root, $"there is no usage plan {Quoted.Text(planId)}; name it as --keys <usage plan id>=<file>");
            }
        }
        foreach (string file in options.ApiKeyFiles)
        {
            FileRemarks ofFile = remarks.ForFile(file);
            if (SourceFile.Json(file, ofFile) is { } root)
            {
                reader.ReadApiKeys(root, ofFile);
            }
        }
        return reader;
    }
}
