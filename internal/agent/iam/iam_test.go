package iam

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The SDK knows the same regions of IAM as we do.
func TestRegions(t *testing.T) {
	for partition, region := range regions {
		at, err := iam.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), iam.EndpointParameters{Region: &region})
		if err != nil {
			t.Fatal(err)
		}
		auth, _ := smithyauth.GetAuthOptions(&at.Properties)
		if len(auth) == 0 {
			continue // no region is special to IAM there
		}
		if got, ok := smithyhttp.GetSigV4SigningRegion(&auth[0].SignerProperties); ok && got != region {
			t.Errorf("%s: got %s, want %s", partition, region, got)
		}
	}
}
